/* Where a match can begin at all: most positions of a text can be passed over without trying. */

/* What the operand of REOP_seek says. */
enum {
    /* nothing is known */
    FROM_ALL,
    /* only at the start of the text */
    FROM_START,
    /* at a character that is in the set behind it, 32 bytes of bits, or above 255 */
    FROM_SET,
};

#define SEEK_LEN (2 + 32)

/* Instructions that are looked at; patterns that need more are not worth it. */
#define SEEK_MOST 256

static bool is_line_terminator(uint32_t c);

typedef struct {
    const uint8_t *code;
    bool ignore_case, is_unicode;
    int left;
    uint8_t set[32];
} RESeek;

static void seek_add(RESeek *s, uint32_t low, uint32_t high)
{
    uint32_t c, folded;

    for (c = 0; c < 256; c++) {
        folded = s->ignore_case ? lre_canonicalize(c, s->is_unicode) : c;
        if (folded >= low && folded <= high)
            s->set[c >> 3] |= 1 << (c & 7);
    }
}

/* The length of an instruction. */
static int seek_size(const uint8_t *pc)
{
    int size = reopcode_info[*pc].size;

    if (*pc == REOP_range)
        size += get_u16(pc + 1) * 4;
    else if (*pc == REOP_range32)
        size += get_u16(pc + 1) * 8;
    return size;
}

/* Adds what a match of the code at 'pc' can begin with. False: it may be empty, or it is not known. */
static bool seek_first(RESeek *s, int pc)
{
    const uint8_t *p;
    int i;

    for (;;) {
        if (--s->left < 0)
            return false;
        p = s->code + pc;
        switch (*p) {
        case REOP_char8:
            return seek_add(s, p[1], p[1]), true;
        case REOP_char16:
            return seek_add(s, get_u16(p + 1), get_u16(p + 1)), true;
        case REOP_char32:
            return true;
        case REOP_dot:
            seek_add(s, 0, '\n' - 1);
            seek_add(s, '\n' + 1, '\r' - 1);
            return seek_add(s, '\r' + 1, UINT32_MAX), true;
        case REOP_any:
            return seek_add(s, 0, UINT32_MAX), true;
        case REOP_range:
            for (i = 0; i < get_u16(p + 1); i++)
                seek_add(s, get_u16(p + 3 + i * 4), get_u16(p + 5 + i * 4));
            return true;
        case REOP_range32:
            for (i = 0; i < get_u16(p + 1); i++)
                seek_add(s, get_u32(p + 3 + i * 8), get_u32(p + 7 + i * 8));
            return true;
        case REOP_line_start:
        case REOP_line_end:
        case REOP_word_boundary:
        case REOP_not_word_boundary:
        case REOP_save_start:
        case REOP_save_end:
        case REOP_save_reset:
        case REOP_push_i32:
        case REOP_drop:
        case REOP_push_char_pos:
        case REOP_check_advance:
            pc += reopcode_info[*p].size;
            break;
        case REOP_goto:
        case REOP_lookahead:
        case REOP_negative_lookahead:
            pc += 5 + (int)get_u32(p + 1);
            break;
        case REOP_split_goto_first:
        case REOP_split_next_first:
            if (!seek_first(s, pc + 5 + (int)get_u32(p + 1)))
                return false;
            pc += 5;
            break;
        case REOP_simple_greedy_quant:
            if (!seek_first(s, pc + 17))
                return false;
            if (get_u32(p + 5) > 0)
                return true;
            pc += 17 + (int)get_u32(p + 1);
            break;
        default:
            return false;
        }
    }
}

/* Whether the code at 'pc' can match at the start of the text only, which is no line's start in general. */
static bool seek_is_anchored(RESeek *s, int pc)
{
    const uint8_t *p;

    for (;;) {
        if (--s->left < 0)
            return false;
        p = s->code + pc;
        switch (*p) {
        case REOP_line_start:
            return true;
        case REOP_save_start:
        case REOP_save_end:
        case REOP_save_reset:
        case REOP_push_char_pos:
            pc += reopcode_info[*p].size;
            break;
        case REOP_goto:
            pc += 5 + (int)get_u32(p + 1);
            break;
        case REOP_split_goto_first:
        case REOP_split_next_first:
            if (!seek_is_anchored(s, pc + 5 + (int)get_u32(p + 1)))
                return false;
            pc += 5;
            break;
        default:
            return false;
        }
    }
}

/* Fills in the operand of the REOP_seek at 'seek' for the code at 'body'. */
static void seek_fill_in(uint8_t *code, int seek, int body, int re_flags)
{
    RESeek s = { code, (re_flags & LRE_FLAG_IGNORECASE) != 0, (re_flags & LRE_FLAG_UNICODE) != 0, SEEK_MOST, { 0 } };

    if (!(re_flags & LRE_FLAG_MULTILINE) && seek_is_anchored(&s, body)) {
        code[seek + 1] = FROM_START;
        return;
    }
    s.left = SEEK_MOST;
    if (seek_first(&s, body)) {
        code[seek + 1] = FROM_SET;
        memcpy(code + seek + 2, s.set, sizeof(s.set));
    }
}

/* Whether the instruction at 'pc' is for one character, and is all before REOP_match. */
static bool re_is_one(const uint8_t *pc)
{
    switch (*pc) {
    case REOP_char8:
    case REOP_char16:
    case REOP_dot:
    case REOP_any:
    case REOP_range:
        return pc[seek_size(pc)] == REOP_match;
    default:
        return false;
    }
}

/* Whether that instruction takes 'c'. */
static inline bool re_takes_one(const uint8_t *pc, uint32_t c)
{
    int n, i;

    switch (*pc) {
    case REOP_char8:
        return c == pc[1];
    case REOP_char16:
        return c == get_u16(pc + 1);
    case REOP_dot:
        return !is_line_terminator(c);
    case REOP_any:
        return true;
    default:
        n = get_u16(pc + 1);
        /* in the last range 0xffff is infinity */
        if (unlikely(c >= 0xffff))
            return get_u16(pc + 3 + (n - 1) * 4 + 2) == 0xffff;
        for (i = 0; i < n && c >= get_u16(pc + 3 + i * 4); i++) {
            if (c <= get_u16(pc + 5 + i * 4))
                return true;
        }
        return false;
    }
}
