/* JSON of plain data, read and written in one go. What could run JavaScript (accessors, toJSON, proxies), is no JSON or needs
   words for an error is left to QuickJS's own functions, which begin again: nothing has happened yet. */

#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#endif

/* How many of the next bytes stand for themselves in a JSON string: all but quotes, backslashes and control characters;
   'most' is 0x7f for ASCII only. */
static inline size_t json_plain(const uint8_t *p, size_t len, uint8_t most)
{
    size_t n = 0;
#ifdef __wasm_simd128__
    for (; n + 16 <= len; n += 16) {
        v128_t v = wasm_v128_load(p + n);
        v128_t odd = wasm_v128_or(wasm_v128_or(wasm_i8x16_eq(v, wasm_i8x16_splat('"')), wasm_i8x16_eq(v, wasm_i8x16_splat('\\'))),
                                  wasm_v128_or(wasm_u8x16_lt(v, wasm_u8x16_splat(32)), wasm_u8x16_gt(v, wasm_u8x16_splat(most))));
        uint32_t bits = wasm_i8x16_bitmask(odd);
        if (bits)
            return n + ctz32(bits);
    }
#endif
    while (n < len && p[n] >= 32 && p[n] <= most && p[n] != '"' && p[n] != '\\')
        n++;
    return n;
}

/* Reading */

typedef struct {
    JSContext *ctx;
    const uint8_t *p, *end;
} JSONReader;

static JSValue json_read(JSONReader *r);

static inline int json_peek(JSONReader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
    return r->p < r->end ? *r->p : -1;
}

static bool json_skip(JSONReader *r, const char *word, size_t len)
{
    if ((size_t)(r->end - r->p) < len || memcmp(r->p, word, len))
        return false;
    r->p += len;
    return true;
}

/* The character after a backslash, or -1. */
static int json_read_escape(JSONReader *r)
{
    int c, h, i;

    if (r->p >= r->end)
        return -1;
    switch (c = *r->p++) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '"':
    case '\\':
    case '/':
        return c;
    case 'u':
        if (r->end - r->p < 4)
            return -1;
        for (c = i = 0; i < 4; i++) {
            if ((h = from_hex(*r->p++)) < 0)
                return -1;
            c = (c << 4) | h;
        }
        return c;
    default:
        return -1;
    }
}

/* A string that is not just ASCII, of which 'plain' bytes were looked at. */
static no_inline JSValue json_read_odd_string(JSONReader *r, size_t plain)
{
    StringBuffer b_s, *b = &b_s;
    const uint8_t *next;
    int c;

    if (string_buffer_init(r->ctx, b, plain + 32))
        goto fail;
    for (;;) {
        if (string_buffer_write8(b, r->p, plain))
            goto fail;
        r->p += plain;
        if (r->p >= r->end)
            goto fail;
        if (*r->p == '"') {
            r->p++;
            return string_buffer_end(b);
        }
        if (*r->p == '\\') {
            r->p++;
            c = json_read_escape(r);
        } else if (*r->p >= 0x80) {
            c = utf8_decode(r->p, &next);
            if (next == r->p + 1 || next > r->end)
                goto fail;
            r->p = next;
        } else {
            goto fail;
        }
        if (c < 0 || string_buffer_putc(b, c))
            goto fail;
        plain = json_plain(r->p, r->end - r->p, 0x7f);
    }
 fail:
    string_buffer_free(b);
    return JS_EXCEPTION;
}

/* Behind the quote. */
static JSValue json_read_string(JSONReader *r)
{
    size_t len = json_plain(r->p, r->end - r->p, 0x7f);
    JSValue val;

    if (r->p + len >= r->end || r->p[len] != '"')
        return json_read_odd_string(r, len);
    val = js_new_string8_len(r->ctx, (const char *)r->p, len);
    r->p += len + 1;
    return val;
}

/* A property's name, behind the quote; JS_ATOM_NULL: no. */
static JSAtom json_read_name(JSONReader *r)
{
    size_t len = json_plain(r->p, r->end - r->p, 0x7f);
    JSAtom atom;
    JSValue val;

    if (len > 0 && r->p + len < r->end && r->p[len] == '"' && !is_digit(*r->p)) {
        atom = __JS_FindAtom(r->ctx->rt, (const char *)r->p, len, JS_ATOM_TYPE_STRING);
        if (atom == JS_ATOM_NULL) {
            val = js_new_string8_len(r->ctx, (const char *)r->p, len);
            if (!JS_IsException(val))
                atom = __JS_NewAtom(r->ctx->rt, JS_VALUE_GET_STRING(val), JS_ATOM_TYPE_STRING);
        }
        r->p += len + 1;
        return atom;
    }
    val = json_read_string(r);
    if (JS_IsException(val))
        return JS_ATOM_NULL;
    return JS_NewAtomStr(r->ctx, JS_VALUE_GET_STRING(val));
}

/* Powers of ten that a double holds exactly, as it does integers below 2^53: one operation on two of them is rounded once. */
static const double json_powers[] = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

static JSValue json_read_number(JSONReader *r)
{
    const uint8_t *start = r->p, *p = r->p, *end = r->end, *digits;
    uint64_t mantissa = 0;
    int count, exponent = 0, e = 0, sign = 1;
    bool is_negative = *p == '-';
    double d;

    p += is_negative;
    digits = p;
    while (p < end && is_digit(*p))
        mantissa = mantissa * 10 + (*p++ - '0');
    count = p - digits;
    if (count == 0 || (count > 1 && *digits == '0'))
        return JS_EXCEPTION;
    if (p >= end || (*p != '.' && *p != 'e' && *p != 'E')) {
        r->p = p;
        if (count <= 9 && (mantissa || !is_negative))
            return js_int32(is_negative ? -(int32_t)mantissa : (int32_t)mantissa);
    } else {
        if (*p == '.') {
            digits = ++p;
            while (p < end && is_digit(*p))
                mantissa = mantissa * 10 + (*p++ - '0');
            if (p == digits)
                return JS_EXCEPTION;
            exponent = digits - p;
            count += p - digits;
        }
        if (p < end && (*p == 'e' || *p == 'E')) {
            p++;
            if (p < end && (*p == '+' || *p == '-'))
                sign = *p++ == '-' ? -1 : 1;
            digits = p;
            while (p < end && is_digit(*p))
                e = min_int(e * 10 + (*p++ - '0'), 100000);
            if (p == digits)
                return JS_EXCEPTION;
            exponent += sign * e;
        }
        r->p = p;
    }
    if (count <= 15 && exponent >= -22 && exponent <= 22) {
        d = exponent < 0 ? (double)mantissa / json_powers[-exponent] : (double)mantissa * json_powers[exponent];
        return js_float64(is_negative ? -d : d);
    }
    /* the text ends with a NUL */
    return js_float64(strtod((const char *)start, NULL));
}

/* As JSON.parse does: the last one of a name counts. Takes 'val'. */
static bool json_set(JSContext *ctx, JSObject *p, JSAtom atom, JSValue val)
{
    JSProperty *pr;

    if (find_own_property(&pr, p, atom)) {
        set_value(ctx, &pr->u.value, val);
        return true;
    }
    pr = add_property(ctx, p, atom, JS_PROP_C_W_E);
    if (unlikely(!pr)) {
        JS_FreeValue(ctx, val);
        return false;
    }
    pr->u.value = val;
    return true;
}

static JSValue json_read_object(JSONReader *r)
{
    JSContext *ctx = r->ctx;
    JSValue obj, val;
    JSAtom atom;
    bool is_set;
    int c;

    r->p++;
    obj = JS_NewObject(ctx);
    if (JS_IsException(obj))
        return obj;
    c = json_peek(r);
    if (c == '}') {
        r->p++;
        return obj;
    }
    for (;; c = json_peek(r)) {
        if (c != '"')
            break;
        r->p++;
        atom = json_read_name(r);
        if (atom == JS_ATOM_NULL)
            break;
        val = JS_EXCEPTION;
        if (json_peek(r) == ':') {
            r->p++;
            val = json_read(r);
        }
        is_set = !JS_IsException(val) && json_set(ctx, JS_VALUE_GET_OBJ(obj), atom, val);
        JS_FreeAtom(ctx, atom);
        if (!is_set)
            break;
        c = json_peek(r);
        r->p++;
        if (c == '}')
            return obj;
        if (c != ',')
            break;
    }
    JS_FreeValue(ctx, obj);
    return JS_EXCEPTION;
}

static JSValue json_read_array(JSONReader *r)
{
    JSContext *ctx = r->ctx;
    JSValue obj, val;
    JSObject *p;
    int c;

    r->p++;
    obj = JS_NewArray(ctx);
    if (JS_IsException(obj))
        return obj;
    if (json_peek(r) == ']') {
        r->p++;
        return obj;
    }
    p = JS_VALUE_GET_OBJ(obj);
    for (;;) {
        val = json_read(r);
        if (JS_IsException(val))
            break;
        if (p->u.array.count >= p->u.array.u1.size && expand_fast_array(ctx, p, p->u.array.count + 1)) {
            JS_FreeValue(ctx, val);
            break;
        }
        p->u.array.u.values[p->u.array.count++] = val;
        c = json_peek(r);
        r->p++;
        if (c == ']') {
            p->prop[0].u.value = js_int32(p->u.array.count);
            return obj;
        }
        if (c != ',')
            break;
    }
    JS_FreeValue(ctx, obj);
    return JS_EXCEPTION;
}

/* JS_EXCEPTION, mostly without one: this is nothing for us. */
static JSValue json_read(JSONReader *r)
{
    switch (json_peek(r)) {
    case '{':
    case '[':
        if (js_check_stack_overflow(r->ctx->rt, 256))
            return JS_EXCEPTION;
        return *r->p == '{' ? json_read_object(r) : json_read_array(r);
    case '"':
        r->p++;
        return json_read_string(r);
    case 't':
        return json_skip(r, "true", 4) ? JS_TRUE : JS_EXCEPTION;
    case 'f':
        return json_skip(r, "false", 5) ? JS_FALSE : JS_EXCEPTION;
    case 'n':
        return json_skip(r, "null", 4) ? JS_NULL : JS_EXCEPTION;
    case '-':
    case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
        return json_read_number(r);
    default:
        return JS_EXCEPTION;
    }
}

/* 'buf' ends with a NUL. False: QuickJS has to. */
static bool json_parse_plain(JSContext *ctx, const char *buf, size_t len, JSValue *val)
{
    JSONReader r = { ctx, (const uint8_t *)buf, (const uint8_t *)buf + len };

    *val = json_read(&r);
    if (JS_IsException(*val))
        return JS_HasException(ctx);
    if (json_peek(&r) == -1)
        return true;
    JS_FreeValue(ctx, *val);
    return false;
}

/* Writing */

typedef enum { JSON_DONE, JSON_NOT_PLAIN, JSON_FAILED } JSONWritten;

typedef struct {
    JSContext *ctx;
    StringBuffer *b;
    /* Latin-1; of each level. */
    const uint8_t *gap;
    int gap_len;
    /* Nothing on the chain that begins with it has a toJSON; of objects and of arrays. */
    JSObject *plain_protos[2];
} JSONWriter;

/* An object that is being written, and what it is in. */
typedef struct JSONParent {
    const struct JSONParent *up;
    JSObject *p;
} JSONParent;

static JSONWritten json_write(JSONWriter *w, JSValueConst val, const JSONParent *up, int depth);

static JSONWritten json_written(int failed)
{
    return failed ? JSON_FAILED : JSON_DONE;
}

static inline void json_put(StringBuffer *b, uint8_t c)
{
    if (likely(b->len < b->size && !b->is_wide_char))
        str8(b->str)[b->len++] = c;
    else
        string_buffer_putc8(b, c);
}

/* Where so many bytes may be written, if the buffer has room; the caller counts them. */
static inline uint8_t *json_room(StringBuffer *b, size_t len)
{
    return likely(b->len + len <= (size_t)b->size && !b->is_wide_char) ? str8(b->str) + b->len : NULL;
}

static inline JSONWritten json_write_text(JSONWriter *w, const char *text, size_t len)
{
    uint8_t *room = json_room(w->b, len);

    if (unlikely(!room))
        return json_written(string_buffer_write8(w->b, (const uint8_t *)text, len));
    memcpy(room, text, len);
    w->b->len += len;
    return JSON_DONE;
}

static JSONWritten json_write_string(JSONWriter *w, JSString *p)
{
    StringBuffer *b = w->b;
    const uint8_t *s;
    uint8_t escape[6] = "\\u", *to;
    size_t n;
    int i = 0, c;

    if (!p->is_wide_char && (to = json_room(b, p->len + 2)) && json_plain(str8(p), p->len, 0xff) == p->len) {
        *to = '"';
        memcpy(to + 1, str8(p), p->len);
        to[p->len + 1] = '"';
        b->len += p->len + 2;
        return JSON_DONE;
    }
    json_put(b, '"');
    while (i < p->len) {
        if (!p->is_wide_char) {
            s = str8(p) + i;
            n = json_plain(s, p->len - i, 0xff);
            string_buffer_write8(b, s, n);
            i += n;
            if (i >= p->len)
                break;
        }
        c = string_getc(p, &i);
        switch (c) {
        case '\t': c = 't'; goto quote;
        case '\r': c = 'r'; goto quote;
        case '\n': c = 'n'; goto quote;
        case '\b': c = 'b'; goto quote;
        case '\f': c = 'f'; goto quote;
        case '"':
        case '\\':
        quote:
            json_put(b, '\\');
            json_put(b, c);
            break;
        default:
            if (c < 32 || is_surrogate(c)) {
                for (n = 0; n < 4; n++)
                    escape[2 + n] = "0123456789abcdef"[(c >> (12 - 4 * n)) & 15];
                string_buffer_write8(b, escape, 6);
            } else {
                string_buffer_putc(b, c);
            }
        }
    }
    json_put(b, '"');
    return json_written(b->error_status);
}

static void json_write_line(JSONWriter *w, int depth)
{
    if (!w->gap_len)
        return;
    json_put(w->b, '\n');
    while (depth-- > 0)
        string_buffer_write8(w->b, w->gap, w->gap_len);
}

/* Whether a read of toJSON finds nothing, and without running anything. */
static bool json_has_no_to_json(JSONWriter *w, JSObject *p)
{
    JSObject *proto = p->shape->proto, *q;
    JSProperty *pr;
    int is_array = p->class_id == JS_CLASS_ARRAY;

    if (find_own_property(&pr, p, JS_ATOM_toJSON))
        return false;
    if (!proto || proto == w->plain_protos[is_array])
        return true;
    for (q = proto; q; q = q->shape->proto) {
        if ((q->is_exotic && q->class_id != JS_CLASS_ARRAY) || find_own_property(&pr, q, JS_ATOM_toJSON))
            return false;
    }
    w->plain_protos[is_array] = proto;
    return true;
}

static bool json_is_omitted(JSValueConst val)
{
    uint32_t tag = JS_VALUE_GET_NORM_TAG(val);
    return tag == JS_TAG_UNDEFINED || tag == JS_TAG_SYMBOL;
}

static JSONWritten json_write_object(JSONWriter *w, JSObject *p, const JSONParent *up, int depth)
{
    JSONParent here = { up, p };
    JSShape *sh = p->shape;
    JSAtomStruct *name;
    JSONWritten written;
    bool has_content = false;
    uint32_t i;

    json_put(w->b, '{');
    for (i = 0; i < sh->prop_count; i++) {
        JSShapeProperty *prs = &sh->prop[i];
        JSValueConst val;
        if (prs->atom == JS_ATOM_NULL || !(prs->flags & JS_PROP_ENUMERABLE))
            continue;
        /* indices come first */
        if (__JS_AtomIsTaggedInt(prs->atom))
            return JSON_NOT_PLAIN;
        name = w->ctx->rt->atom_array[prs->atom];
        if (name->atom_type != JS_ATOM_TYPE_STRING)
            continue;
        if ((prs->flags & JS_PROP_TMASK) != JS_PROP_NORMAL || (name->len == 10 && is_digit(string_get(name, 0))))
            return JSON_NOT_PLAIN;
        val = p->prop[i].u.value;
        if (json_is_omitted(val))
            continue;
        /* a method is left out, unless it is or has a toJSON */
        if (JS_IsFunction(w->ctx, val))
            return JSON_NOT_PLAIN;
        if (has_content)
            json_put(w->b, ',');
        has_content = true;
        json_write_line(w, depth + 1);
        written = json_write_string(w, name);
        if (written != JSON_DONE)
            return written;
        json_put(w->b, ':');
        if (w->gap_len)
            json_put(w->b, ' ');
        written = json_write(w, val, &here, depth + 1);
        if (written != JSON_DONE)
            return written;
    }
    if (has_content)
        json_write_line(w, depth);
    json_put(w->b, '}');
    return json_written(w->b->error_status);
}

static JSONWritten json_write_array(JSONWriter *w, JSObject *p, const JSONParent *up, int depth)
{
    JSONParent here = { up, p };
    JSONWritten written;
    uint32_t i, count = p->u.array.count;

    json_put(w->b, '[');
    for (i = 0; i < count; i++) {
        JSValueConst val = p->u.array.u.values[i];
        if (i > 0)
            json_put(w->b, ',');
        json_write_line(w, depth + 1);
        written = json_write(w, json_is_omitted(val) ? JS_NULL : val, &here, depth + 1);
        if (written != JSON_DONE)
            return written;
    }
    if (count > 0)
        json_write_line(w, depth);
    json_put(w->b, ']');
    return json_written(w->b->error_status);
}

static JSONWritten json_write(JSONWriter *w, JSValueConst val, const JSONParent *up, int depth)
{
    char buf[64];
    JSDTOATempMem dtoa_mem;
    const JSONParent *parent;
    JSObject *p;
    JSValue flat;
    JSONWritten written;

    switch (JS_VALUE_GET_NORM_TAG(val)) {
    case JS_TAG_INT:
        return json_write_text(w, buf, i32toa(buf, JS_VALUE_GET_INT(val)));
    case JS_TAG_FLOAT64:
        if (!isfinite(JS_VALUE_GET_FLOAT64(val)))
            return json_write_text(w, "null", 4);
        return json_write_text(w, buf, js_dtoa(buf, JS_VALUE_GET_FLOAT64(val), 10, 0, JS_DTOA_FORMAT_FREE, &dtoa_mem));
    case JS_TAG_BOOL:
        return JS_VALUE_GET_BOOL(val) ? json_write_text(w, "true", 4) : json_write_text(w, "false", 5);
    case JS_TAG_NULL:
        return json_write_text(w, "null", 4);
    case JS_TAG_STRING:
        return json_write_string(w, JS_VALUE_GET_STRING(val));
    case JS_TAG_STRING_ROPE:
        flat = JS_ToString(w->ctx, val);
        if (JS_IsException(flat))
            return JSON_FAILED;
        written = json_write_string(w, JS_VALUE_GET_STRING(flat));
        JS_FreeValue(w->ctx, flat);
        return written;
    case JS_TAG_OBJECT:
        p = JS_VALUE_GET_OBJ(val);
        for (parent = up; parent; parent = parent->up) {
            if (parent->p == p)
                return JSON_NOT_PLAIN;
        }
        if (js_check_stack_overflow(w->ctx->rt, 512) || !json_has_no_to_json(w, p))
            return JSON_NOT_PLAIN;
        if (p->class_id == JS_CLASS_OBJECT && !p->is_exotic)
            return json_write_object(w, p, up, depth);
        if (p->class_id == JS_CLASS_ARRAY && p->fast_array && JS_VALUE_GET_TAG(p->prop[0].u.value) == JS_TAG_INT &&
            JS_VALUE_GET_INT(p->prop[0].u.value) == (int)p->u.array.count)
            return json_write_array(w, p, up, depth);
        return JSON_NOT_PLAIN;
    default:
        return JSON_NOT_PLAIN;
    }
}

/* Appends the JSON of a value to 'b'. 'gap' is a string. */
static JSONWritten json_stringify_plain(JSContext *ctx, StringBuffer *b, JSValueConst val, JSValueConst gap)
{
    JSString *p = JS_VALUE_GET_STRING(gap);
    JSONWriter w = { ctx, b, p->is_wide_char ? NULL : str8(p), p->len, { NULL, NULL } };

    if (p->is_wide_char)
        return JSON_NOT_PLAIN;
    return json_write(&w, val, NULL, 0);
}
