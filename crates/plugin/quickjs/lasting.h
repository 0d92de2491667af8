/* References to what was there when the memory was photographed are not counted any more. To count one dirties the page that the
   object is in, and a host makes every dirty page new: most pages that a short invocation wrote had nothing but counts in them.
   Such objects are never freed in an invocation, except large buffers and strings, whose references are counted as ever. */

/* Counts from the half of this on stay as they are. The collector, which subtracts each reference and adds it again, doesn't
   get that far. */
#define REF_LASTING (1 << 30)

static inline bool ref_lasts(const void *counted)
{
    return unlikely(((const JSRefCountHeader *)counted)->ref_count >= REF_LASTING / 2);
}

static inline void ref_up(void *counted)
{
    if (!ref_lasts(counted))
        ((JSRefCountHeader *)counted)->ref_count++;
}

/* Whether that was the last reference. */
static inline bool ref_down(void *counted)
{
    return !ref_lasts(counted) && --((JSRefCountHeader *)counted)->ref_count <= 0;
}
