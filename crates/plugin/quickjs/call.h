/* A handler's call without detours. What it makes is not freed: the memory is thrown away, and to take an object to pieces costs
   as much as to make it. */

/* As src/javascript.rs has it. */
typedef struct {
    JSValue handler, context, callback;
    /* "awsRequestId" */
    JSAtom id_name;
} JSHandler;

typedef enum {
    /* 'text' is the answer, should no rejection be without a handler. */
    CALL_ANSWERED,
    /* 'returned' is a result that takes more. */
    CALL_RETURNED,
    /* There is an exception. */
    CALL_FAILED,
} JSCallEnding;

/* Whether all objects of that prototype are written as JSON.stringify does: no streams, no responses. */
static bool is_plain_result(JSContext *ctx, JSValueConst val)
{
    JSObject *p;

    if (!JS_IsObject(val))
        return true;
    p = JS_VALUE_GET_OBJ(val);
    return (p->class_id == JS_CLASS_OBJECT || p->class_id == JS_CLASS_ARRAY) &&
        p->shape->proto == JS_VALUE_GET_OBJ(ctx->class_proto[p->class_id]);
}

static bool is_ascii(const uint8_t *p, size_t len)
{
    uint8_t all = 0;
    size_t i;

    for (i = 0; i < len; i++)
        all |= p[i];
    return all < 0x80;
}

/* The event ends with its length, and a byte behind it may be written. 'id' may overlap with that byte. */
JSCallEnding JS_CallHandler(JSContext *ctx, const JSHandler *h, char *event, size_t event_len, const char *id, size_t id_len,
                            JSValue *returned, const char **text, size_t *len)
{
    JSValue args[3] = { JS_UNDEFINED, h->context, h->callback };
    JSPromiseData *promise;
    JSValueConst result;
    JSValue val;
    StringBuffer b;

    val = JS_NewStringLen(ctx, id, id_len);
    if (JS_IsException(val) || JS_SetProperty(ctx, h->context, h->id_name, val) < 0)
        return CALL_FAILED;
    event[event_len] = '\0';
    args[0] = JS_ParseJSON(ctx, event, event_len, "<input>");
    if (JS_IsException(args[0]))
        return CALL_FAILED;
    *returned = JS_Call(ctx, h->handler, JS_UNDEFINED, 3, vc(args));
    if (JS_IsException(*returned))
        return CALL_FAILED;
    promise = JS_GetOpaque(*returned, JS_CLASS_PROMISE);
    if (!promise || promise->promise_state != JS_PROMISE_FULFILLED)
        return CALL_RETURNED;
    result = promise->promise_result;
    if (!is_plain_result(ctx, result) || string_buffer_init(ctx, &b, 256) ||
        json_stringify_plain(ctx, &b, result, js_empty_string(ctx->rt)) != JSON_DONE) {
        JS_FreeValue(ctx, JS_GetException(ctx));
        return CALL_RETURNED;
    }
    if (!b.is_wide_char && is_ascii(str8(b.str), b.len)) {
        *text = (const char *)str8(b.str);
        *len = b.len;
        return CALL_ANSWERED;
    }
    val = string_buffer_end(&b);
    *text = JS_IsException(val) ? NULL : JS_ToCStringLen(ctx, len, val);
    return *text ? CALL_ANSWERED : CALL_FAILED;
}
