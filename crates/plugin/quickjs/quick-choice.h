/* Which functions quick.h is for. */

/* How often an attempt may be in vain until a function is not attempted any more. */
#define QUICK_ATTEMPTS 8

static bool quick_has(int opcode)
{
    switch (opcode) {
    case OP_push_i32: case OP_push_const: case OP_push_const8: case OP_undefined: case OP_null: case OP_push_false: case OP_push_true:
    case OP_push_minus1: case OP_push_0: case OP_push_1: case OP_push_2: case OP_push_3: case OP_push_4: case OP_push_5:
    case OP_push_6: case OP_push_7: case OP_push_i8: case OP_push_i16: case OP_drop: case OP_dup: case OP_nip: case OP_swap:
    case OP_get_loc: case OP_get_loc8: case OP_get_loc0: case OP_get_loc1: case OP_get_loc2: case OP_get_loc3: case OP_get_loc0_loc1:
    case OP_put_loc: case OP_put_loc8: case OP_put_loc0: case OP_put_loc1: case OP_put_loc2: case OP_put_loc3:
    case OP_set_loc: case OP_set_loc8: case OP_set_loc0: case OP_set_loc1: case OP_set_loc2: case OP_set_loc3:
    case OP_get_arg: case OP_get_arg0: case OP_get_arg1: case OP_get_arg2: case OP_get_arg3:
    case OP_put_arg: case OP_put_arg0: case OP_put_arg1: case OP_put_arg2: case OP_put_arg3:
    case OP_set_loc_uninitialized: case OP_get_loc_check: case OP_put_loc_check: case OP_put_loc_check_init:
    case OP_get_var_ref: case OP_get_var_ref0: case OP_get_var_ref1: case OP_get_var_ref2: case OP_get_var_ref3:
    case OP_get_var_ref_check: case OP_get_field: case OP_get_length: case OP_get_array_el:
    case OP_add: case OP_sub: case OP_mul: case OP_div: case OP_mod: case OP_neg: case OP_plus: case OP_inc: case OP_dec:
    case OP_post_inc: case OP_post_dec: case OP_inc_loc: case OP_dec_loc: case OP_add_loc: case OP_not: case OP_lnot:
    case OP_and: case OP_or: case OP_xor: case OP_shl: case OP_sar: case OP_shr:
    case OP_lt: case OP_lte: case OP_gt: case OP_gte: case OP_eq: case OP_neq: case OP_strict_eq: case OP_strict_neq:
    case OP_is_undefined: case OP_is_null: case OP_is_undefined_or_null:
    case OP_if_false: case OP_if_true: case OP_goto: case OP_if_false8: case OP_if_true8: case OP_goto8: case OP_goto16: case OP_nop:
    case OP_call0: case OP_call1: case OP_call2: case OP_call3: case OP_call: case OP_tail_call: case OP_return: case OP_return_undef:
        return true;
    default:
        return false;
    }
}

/* How often to attempt a function whose bytecode is complete. */
static int quick_attempts(const JSFunctionBytecode *b)
{
    int pos, opcode;

    if (b->func_kind != JS_FUNC_NORMAL || b->var_ref_count > 0 || b->arg_count + b->var_count + b->stack_size > QUICK_SLOTS)
        return 0;
    for (pos = 0; pos < b->byte_code_len; pos += short_opcode_info(opcode).size) {
        opcode = b->byte_code_buf[pos];
        if (!quick_has(opcode))
            return 0;
    }
    return QUICK_ATTEMPTS;
}
