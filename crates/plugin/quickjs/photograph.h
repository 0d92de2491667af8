/* What is done to the heap before its memory is photographed. */

/* Bytes; beyond, a string that is no longer needed makes room in an invocation too. */
#define LASTING_STRING_BYTES 4096

static void make_lasting(void *counted)
{
    if (!ref_lasts(counted))
        ((JSRefCountHeader *)counted)->ref_count += REF_LASTING;
}

static void make_value_lasting(JSValueConst val)
{
    JSString *p;

    if (JS_VALUE_GET_TAG(val) == JS_TAG_STRING) {
        p = JS_VALUE_GET_STRING(val);
        if (p->len << p->is_wide_char <= LASTING_STRING_BYTES)
            make_lasting(p);
    }
}

static void make_object_lasting(JSObject *p)
{
    uint32_t i;

    /* holds what may be large */
    if ((p->class_id >= JS_CLASS_UINT8C_ARRAY && p->class_id <= JS_CLASS_DATAVIEW) || p->class_id == JS_CLASS_ARRAY_BUFFER ||
        p->class_id == JS_CLASS_SHARED_ARRAY_BUFFER)
        return;
    make_lasting(p);
    for (i = 0; i < p->shape->prop_count; i++) {
        if ((p->shape->prop[i].flags & JS_PROP_TMASK) == JS_PROP_NORMAL)
            make_value_lasting(p->prop[i].u.value);
    }
    if (p->class_id == JS_CLASS_ARRAY && p->fast_array) {
        for (i = 0; i < p->u.array.count; i++)
            make_value_lasting(p->u.array.u.values[i]);
    }
}

/* Makes everything that is alive lasting; see lasting.h. 'written' is an object, or undefined, whose properties every invocation
   writes. */
void JS_MakeLasting(JSContext *ctx, JSValueConst written)
{
    JSProperty *prop;
    JSObject *object;
    JSRuntime *rt = ctx->rt;
    struct list_head *el;
    uint32_t i;
    int n;

    list_for_each(el, &rt->gc_obj_list) {
        JSGCObjectHeader *p = list_entry(el, JSGCObjectHeader, link);
        switch (p->gc_obj_type) {
        case JS_GC_OBJ_TYPE_JS_OBJECT:
            make_object_lasting((JSObject *)p);
            break;
        case JS_GC_OBJ_TYPE_FUNCTION_BYTECODE:
            make_lasting(p);
            for (n = 0; n < ((JSFunctionBytecode *)p)->cpool_count; n++)
                make_value_lasting(((JSFunctionBytecode *)p)->cpool[n]);
            break;
        case JS_GC_OBJ_TYPE_VAR_REF:
            make_lasting(p);
            if (((JSVarRef *)p)->is_detached)
                make_value_lasting(((JSVarRef *)p)->value);
            break;
        case JS_GC_OBJ_TYPE_SHAPE:
        case JS_GC_OBJ_TYPE_JS_CONTEXT:
            make_lasting(p);
            break;
        default:
            break;
        }
    }
    for (i = 1; i < rt->atom_size; i++) {
        if (!atom_is_free(rt->atom_array[i]))
            make_lasting(rt->atom_array[i]);
    }
    heap_settle();
    /* New objects are linked to the last one: let that be in a page that invocations write anyway. */
    JS_NewObject(ctx);
    if (JS_IsObject(written)) {
        object = JS_VALUE_GET_OBJ(written);
        prop = js_malloc_rt(rt, object->shape->prop_size * sizeof(*prop));
        if (prop) {
            memcpy(prop, object->prop, object->shape->prop_count * sizeof(*prop));
            object->prop = prop;
        }
    }
}
