/* Functions that only compute: compare, test, add up. They are run in a small loop of its own, which counts no references, since
   nothing that they read can change or go away meanwhile. What they meet beyond that (an accessor, a string to join, a call
   of anything else) ends the attempt, and JS_CallInternal begins the call again: nothing has happened yet. */

/* Of a frame: arguments, variables and stack. */
#define QUICK_SLOTS 32
static inline bool quick_number(JSValueConst v, double *d)
{
    if (JS_VALUE_GET_TAG(v) == JS_TAG_INT)
        *d = JS_VALUE_GET_INT(v);
    else if (JS_TAG_IS_FLOAT64(JS_VALUE_GET_TAG(v)))
        *d = JS_VALUE_GET_FLOAT64(v);
    else
        return false;
    return true;
}

static inline JSValue quick_int64(int64_t v)
{
    return likely(v == (int32_t)v) ? js_int32(v) : js_float64(v);
}

/* 0, 1, or -1: it takes more to know. */
static inline int quick_truth(JSValueConst v)
{
    double d;

    switch (JS_VALUE_GET_TAG(v)) {
    case JS_TAG_INT:
        return JS_VALUE_GET_INT(v) != 0;
    case JS_TAG_BOOL:
        return JS_VALUE_GET_BOOL(v);
    case JS_TAG_NULL:
    case JS_TAG_UNDEFINED:
        return 0;
    default:
        return quick_number(v, &d) ? d != 0 && !isnan(d) : -1;
    }
}

/* 0, 1, or -1: it takes more to know. */
static inline int quick_equal(JSValueConst v1, JSValueConst v2, bool is_strict)
{
    int t1 = JS_VALUE_GET_TAG(v1), t2 = JS_VALUE_GET_TAG(v2);
    double d1, d2;

    if (quick_number(v1, &d1) && quick_number(v2, &d2))
        return d1 == d2;
    if (t1 != t2)
        return is_strict && (t1 == JS_TAG_NULL || t1 == JS_TAG_UNDEFINED || t2 == JS_TAG_NULL || t2 == JS_TAG_UNDEFINED) ? 0 : -1;
    switch (t1) {
    case JS_TAG_BOOL:
        return JS_VALUE_GET_BOOL(v1) == JS_VALUE_GET_BOOL(v2);
    case JS_TAG_NULL:
    case JS_TAG_UNDEFINED:
        return 1;
    case JS_TAG_OBJECT:
        return JS_VALUE_GET_OBJ(v1) == JS_VALUE_GET_OBJ(v2);
    default:
        return -1;
    }
}

/* A property that is data, or undefined; the object is not asked. */
static inline bool quick_get(JSValueConst obj, JSAtom atom, JSValue *val)
{
    JSProperty *pr;
    JSShapeProperty *prs;
    JSObject *p;

    if (JS_VALUE_GET_TAG(obj) != JS_TAG_OBJECT)
        return false;
    for (p = JS_VALUE_GET_OBJ(obj); p; p = p->shape->proto) {
        prs = find_own_property(&pr, p, atom);
        if (prs) {
            *val = pr->u.value;
            return !(prs->flags & JS_PROP_TMASK);
        }
        if (p->is_exotic)
            return false;
    }
    *val = JS_UNDEFINED;
    return true;
}

/* Runs a function that has attempts left. False: not this time. The result is not the caller's: its reference is not counted. */
static bool quick_run(JSRuntime *rt, JSObject *func, int argc, const JSValue *argv, JSValue *ret)
{
    JSFunctionBytecode *b = func->u.func.function_bytecode;
    JSVarRef **var_refs = func->u.func.var_refs;
    JSValue args[QUICK_SLOTS], *vars = args + b->arg_count, *sp = vars + b->var_count, *slot, v;
    const uint8_t *pc = b->byte_code_buf;
    double d1, d2;
    int opcode, i;
    JSObject *p;

    if (js_check_stack_overflow(rt, 0))
        return false;
    for (i = 0; i < b->arg_count; i++)
        args[i] = i < argc ? argv[i] : JS_UNDEFINED;
    for (slot = vars; slot < sp; slot++)
        *slot = JS_UNDEFINED;

#define QUICK_UNLESS(ok) do { if (unlikely(!(ok))) return false; } while (0)
#define QUICK_ARITHMETIC(name, on_ints, on_doubles)                                          \
    case OP_ ## name:                                                                        \
        if (likely(JS_VALUE_IS_BOTH_INT(sp[-2], sp[-1]))) {                                  \
            int64_t x = JS_VALUE_GET_INT(sp[-2]), y = JS_VALUE_GET_INT(sp[-1]);              \
            sp[-2] = (on_ints);                                                              \
        } else {                                                                             \
            QUICK_UNLESS(quick_number(sp[-2], &d1) && quick_number(sp[-1], &d2));            \
            sp[-2] = (on_doubles);                                                           \
        }                                                                                    \
        sp--;                                                                                \
        break;
#define QUICK_BITS(name, result)                                                             \
    case OP_ ## name:                                                                        \
        QUICK_UNLESS(JS_VALUE_IS_BOTH_INT(sp[-2], sp[-1]));                                  \
        {                                                                                    \
            uint32_t x = JS_VALUE_GET_INT(sp[-2]), y = JS_VALUE_GET_INT(sp[-1]);             \
            sp[-2] = (result);                                                               \
        }                                                                                    \
        sp--;                                                                                \
        break;

    for (;;) {
        opcode = *pc++;
        switch (opcode) {
        case OP_push_i32: *sp++ = js_int32(get_u32(pc)); pc += 4; break;
        case OP_push_i16: *sp++ = js_int32(get_i16(pc)); pc += 2; break;
        case OP_push_i8: *sp++ = js_int32(get_i8(pc)); pc += 1; break;
        case OP_push_const: *sp++ = b->cpool[get_u32(pc)]; pc += 4; break;
        case OP_push_const8: *sp++ = b->cpool[*pc++]; break;
        case OP_undefined: *sp++ = JS_UNDEFINED; break;
        case OP_null: *sp++ = JS_NULL; break;
        case OP_push_false: *sp++ = JS_FALSE; break;
        case OP_push_true: *sp++ = JS_TRUE; break;
        case OP_push_minus1: case OP_push_0: case OP_push_1: case OP_push_2: case OP_push_3: case OP_push_4: case OP_push_5:
        case OP_push_6: case OP_push_7:
            *sp++ = js_int32(opcode - OP_push_0);
            break;

        case OP_drop: sp--; break;
        case OP_dup: sp[0] = sp[-1]; sp++; break;
        case OP_nip: sp[-2] = sp[-1]; sp--; break;
        case OP_swap: v = sp[-2]; sp[-2] = sp[-1]; sp[-1] = v; break;
        case OP_nop: break;

        case OP_get_loc: *sp++ = vars[get_u16(pc)]; pc += 2; break;
        case OP_get_loc8: *sp++ = vars[*pc++]; break;
        case OP_get_loc0: case OP_get_loc1: case OP_get_loc2: case OP_get_loc3: *sp++ = vars[opcode - OP_get_loc0]; break;
        case OP_get_loc0_loc1: sp[0] = vars[0]; sp[1] = vars[1]; sp += 2; break;
        case OP_put_loc: vars[get_u16(pc)] = *--sp; pc += 2; break;
        case OP_put_loc8: vars[*pc++] = *--sp; break;
        case OP_put_loc0: case OP_put_loc1: case OP_put_loc2: case OP_put_loc3: vars[opcode - OP_put_loc0] = *--sp; break;
        case OP_set_loc: vars[get_u16(pc)] = sp[-1]; pc += 2; break;
        case OP_set_loc8: vars[*pc++] = sp[-1]; break;
        case OP_set_loc0: case OP_set_loc1: case OP_set_loc2: case OP_set_loc3: vars[opcode - OP_set_loc0] = sp[-1]; break;
        case OP_get_arg: *sp++ = args[get_u16(pc)]; pc += 2; break;
        case OP_get_arg0: case OP_get_arg1: case OP_get_arg2: case OP_get_arg3: *sp++ = args[opcode - OP_get_arg0]; break;
        case OP_put_arg: args[get_u16(pc)] = *--sp; pc += 2; break;
        case OP_put_arg0: case OP_put_arg1: case OP_put_arg2: case OP_put_arg3: args[opcode - OP_put_arg0] = *--sp; break;
        case OP_set_loc_uninitialized: vars[get_u16(pc)] = JS_UNINITIALIZED; pc += 2; break;
        case OP_get_loc_check:
            v = vars[get_u16(pc)];
            QUICK_UNLESS(!JS_IsUninitialized(v));
            *sp++ = v;
            pc += 2;
            break;
        case OP_put_loc_check:
        case OP_put_loc_check_init:
            slot = &vars[get_u16(pc)];
            QUICK_UNLESS(JS_IsUninitialized(*slot) == (opcode == OP_put_loc_check_init));
            *slot = *--sp;
            pc += 2;
            break;
        case OP_get_var_ref: *sp++ = *var_refs[get_u16(pc)]->pvalue; pc += 2; break;
        case OP_get_var_ref0: case OP_get_var_ref1: case OP_get_var_ref2: case OP_get_var_ref3:
            *sp++ = *var_refs[opcode - OP_get_var_ref0]->pvalue;
            break;
        case OP_get_var_ref_check:
            v = *var_refs[get_u16(pc)]->pvalue;
            QUICK_UNLESS(!JS_IsUninitialized(v));
            *sp++ = v;
            pc += 2;
            break;

        case OP_get_field: QUICK_UNLESS(quick_get(sp[-1], get_u32(pc), &sp[-1])); pc += 4; break;
        case OP_get_length:
            if (JS_VALUE_GET_TAG(sp[-1]) == JS_TAG_STRING)
                sp[-1] = js_int32(JS_VALUE_GET_STRING(sp[-1])->len);
            else
                QUICK_UNLESS(quick_get(sp[-1], JS_ATOM_length, &sp[-1]));
            break;
        case OP_get_array_el:
            QUICK_UNLESS(JS_VALUE_GET_TAG(sp[-2]) == JS_TAG_OBJECT && JS_VALUE_GET_TAG(sp[-1]) == JS_TAG_INT);
            p = JS_VALUE_GET_OBJ(sp[-2]);
            QUICK_UNLESS(p->class_id == JS_CLASS_ARRAY && p->fast_array && (uint32_t)JS_VALUE_GET_INT(sp[-1]) < p->u.array.count);
            sp[-2] = p->u.array.u.values[JS_VALUE_GET_INT(sp[-1])];
            sp--;
            break;

        QUICK_ARITHMETIC(add, quick_int64(x + y), js_float64(d1 + d2))
        QUICK_ARITHMETIC(sub, quick_int64(x - y), js_float64(d1 - d2))
        QUICK_ARITHMETIC(mul, x * y == 0 && (x < 0 || y < 0) ? js_float64(-0.0) : quick_int64(x * y), js_float64(d1 * d2))
        QUICK_ARITHMETIC(div, js_number((double)x / (double)y), js_float64(d1 / d2))
        QUICK_ARITHMETIC(mod, x >= 0 && y > 0 ? js_int32(x % y) : js_number(js_fmod(x, y)), js_float64(js_fmod(d1, d2)))
        QUICK_ARITHMETIC(lt, js_bool(x < y), js_bool(d1 < d2))
        QUICK_ARITHMETIC(lte, js_bool(x <= y), js_bool(d1 <= d2))
        QUICK_ARITHMETIC(gt, js_bool(x > y), js_bool(d1 > d2))
        QUICK_ARITHMETIC(gte, js_bool(x >= y), js_bool(d1 >= d2))
        QUICK_BITS(and, js_int32(x & y))
        QUICK_BITS(or, js_int32(x | y))
        QUICK_BITS(xor, js_int32(x ^ y))
        QUICK_BITS(shl, js_int32(x << (y & 31)))
        QUICK_BITS(sar, js_int32((int32_t)x >> (y & 31)))
        QUICK_BITS(shr, js_uint32(x >> (y & 31)))
        case OP_eq:
        case OP_strict_eq:
            i = quick_equal(sp[-2], sp[-1], opcode == OP_strict_eq);
            QUICK_UNLESS(i >= 0);
            sp--;
            sp[-1] = js_bool(i);
            break;
        case OP_neq:
        case OP_strict_neq:
            i = quick_equal(sp[-2], sp[-1], opcode == OP_strict_neq);
            QUICK_UNLESS(i >= 0);
            sp--;
            sp[-1] = js_bool(!i);
            break;
        case OP_plus: QUICK_UNLESS(quick_number(sp[-1], &d1)); break;
        case OP_neg:
            QUICK_UNLESS(quick_number(sp[-1], &d1));
            sp[-1] = js_number(-d1);
            break;
        case OP_not: QUICK_UNLESS(JS_VALUE_GET_TAG(sp[-1]) == JS_TAG_INT); sp[-1] = js_int32(~JS_VALUE_GET_INT(sp[-1])); break;
        case OP_lnot:
            i = quick_truth(sp[-1]);
            QUICK_UNLESS(i >= 0);
            sp[-1] = js_bool(!i);
            break;
        case OP_post_inc:
        case OP_post_dec:
            sp[0] = sp[-1];
            sp++;
            opcode = opcode == OP_post_inc ? OP_inc : OP_dec;
            slot = sp - 1;
            goto step;
        case OP_inc:
        case OP_dec:
            slot = sp - 1;
            goto step;
        case OP_inc_loc:
        case OP_dec_loc:
            slot = &vars[*pc++];
            opcode = opcode == OP_inc_loc ? OP_inc : OP_dec;
        step:
            i = opcode == OP_inc ? 1 : -1;
            if (likely(JS_VALUE_GET_TAG(*slot) == JS_TAG_INT)) {
                *slot = quick_int64((int64_t)JS_VALUE_GET_INT(*slot) + i);
            } else {
                QUICK_UNLESS(quick_number(*slot, &d1));
                *slot = js_float64(d1 + i);
            }
            break;
        case OP_add_loc:
            slot = &vars[*pc++];
            sp--;
            if (likely(JS_VALUE_IS_BOTH_INT(*slot, *sp))) {
                *slot = quick_int64((int64_t)JS_VALUE_GET_INT(*slot) + JS_VALUE_GET_INT(*sp));
            } else {
                QUICK_UNLESS(quick_number(*slot, &d1) && quick_number(*sp, &d2));
                *slot = js_float64(d1 + d2);
            }
            break;
        case OP_is_undefined: sp[-1] = js_bool(JS_IsUndefined(sp[-1])); break;
        case OP_is_null: sp[-1] = js_bool(JS_IsNull(sp[-1])); break;
        case OP_is_undefined_or_null: sp[-1] = js_bool(JS_IsUndefined(sp[-1]) || JS_IsNull(sp[-1])); break;

        case OP_if_false:
        case OP_if_true:
            i = quick_truth(*--sp);
            QUICK_UNLESS(i >= 0);
            pc += i == (opcode == OP_if_true) ? (int32_t)get_u32(pc) : 4;
            break;
        case OP_if_false8:
        case OP_if_true8:
            i = quick_truth(*--sp);
            QUICK_UNLESS(i >= 0);
            pc += i == (opcode == OP_if_true8) ? (int8_t)pc[0] : 1;
            break;
        case OP_goto: pc += (int32_t)get_u32(pc); break;
        case OP_goto16: pc += (int16_t)get_u16(pc); break;
        case OP_goto8: pc += (int8_t)pc[0]; break;

        case OP_call0: case OP_call1: case OP_call2: case OP_call3:
            i = opcode - OP_call0;
            goto call;
        case OP_call:
        case OP_tail_call:
            i = get_u16(pc);
            pc += 2;
        call:
            v = sp[-1 - i];
            QUICK_UNLESS(JS_VALUE_GET_TAG(v) == JS_TAG_OBJECT);
            p = JS_VALUE_GET_OBJ(v);
            QUICK_UNLESS(p->class_id == JS_CLASS_BYTECODE_FUNCTION && p->u.func.function_bytecode->quick > 0);
            QUICK_UNLESS(quick_run(rt, p, i, sp - i, &v));
            if (opcode == OP_tail_call) {
                *ret = v;
                return true;
            }
            sp -= i;
            sp[-1] = v;
            break;
        case OP_return: *ret = sp[-1]; return true;
        case OP_return_undef: *ret = JS_UNDEFINED; return true;
        default:
            return false;
        }
    }
#undef QUICK_UNLESS
#undef QUICK_ARITHMETIC
#undef QUICK_BITS
}
