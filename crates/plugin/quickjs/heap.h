/* QuickJS's heap. Most of what QuickJS allocates is small and soon free again, so small blocks come from a list for each size,
   or from the end of a chunk; libc's allocator, which serves the rest, looks and merges each time. Small blocks are never merged:
   a function that frees many of one size keeps them for that size. One thread. */

/* Sizes of small blocks are multiples of this. */
#define HEAP_GRAIN 16
/* Before each block: its size with this. */
#define HEAP_HEADER 8
/* Larger blocks are libc's. */
#define HEAP_SMALL 1024
#define HEAP_CHUNK (64 << 10)
#define HEAP_HOT 704
/* Of an event and what comes with it, when they arrive without an allocation. */
#define HEAP_INPUT (64 << 10)
/* No block is as large. */
#define HEAP_MAX ((size_t)PTRDIFF_MAX)

/* What every invocation writes, in one page. */
static struct {
    /* By size in grains: the first free block. Each begins with the address of the next. */
    void *free[HEAP_SMALL / HEAP_GRAIN + 1];
    /* Of the chunk: what nobody had yet. */
    char *next;
    size_t left;
    /* For the first runtime and its context. */
    _Alignas(HEAP_GRAIN) char hot[HEAP_HOT];
    size_t hot_used;
    char input[HEAP_INPUT + 1];
} heap __attribute__((aligned(4096)));

/* What a block takes with its header. */
static inline size_t heap_whole(size_t bytes)
{
    return (bytes + HEAP_HEADER + HEAP_GRAIN - 1) & ~(size_t)(HEAP_GRAIN - 1);
}

static inline size_t *heap_header(const void *ptr)
{
    return (size_t *)((char *)ptr - HEAP_HEADER);
}

static size_t heap_size(const void *ptr)
{
    return *heap_header(ptr) - HEAP_HEADER;
}

static no_inline void *heap_malloc_large(size_t whole)
{
    char *at = malloc(whole);
    if (!at)
        return NULL;
    *(size_t *)at = whole;
    return at + HEAP_HEADER;
}

/* The rest of the old chunk is lost, as are less than HEAP_SMALL bytes of each. */
static no_inline bool heap_new_chunk(void)
{
    char *chunk = malloc(HEAP_CHUNK);
    if (!chunk)
        return false;
    heap.next = chunk;
    heap.left = HEAP_CHUNK;
    return true;
}

static inline void *heap_malloc(size_t bytes)
{
    size_t whole;
    void *found;

    if (unlikely(bytes > HEAP_MAX))
        return NULL;
    whole = heap_whole(bytes);
    if (unlikely(whole > HEAP_SMALL))
        return heap_malloc_large(whole);
    found = heap.free[whole / HEAP_GRAIN];
    if (likely(found)) {
        heap.free[whole / HEAP_GRAIN] = *(void **)found;
        return found;
    }
    if (unlikely(heap.left < whole) && !heap_new_chunk())
        return heap_malloc_large(whole);
    found = heap.next + HEAP_HEADER;
    heap.next += whole;
    heap.left -= whole;
    *heap_header(found) = whole;
    return found;
}

/* Zeroed, in the page that is written anyway, as long as there is room. */
static void *heap_calloc_hot(size_t bytes)
{
    size_t whole = heap_whole(bytes);
    void *ptr;

    if (whole <= HEAP_SMALL && whole <= HEAP_HOT - heap.hot_used) {
        ptr = heap.hot + heap.hot_used + HEAP_HEADER;
        heap.hot_used += whole;
        *heap_header(ptr) = whole;
    } else {
        ptr = heap_malloc(bytes);
    }
    return ptr ? memset(ptr, 0, bytes) : NULL;
}

static inline void heap_free(void *ptr)
{
    size_t whole;

    if (unlikely(!ptr))
        return;
    whole = *heap_header(ptr);
    if (unlikely(whole > HEAP_SMALL)) {
        free(heap_header(ptr));
        return;
    }
    *(void **)ptr = heap.free[whole / HEAP_GRAIN];
    heap.free[whole / HEAP_GRAIN] = ptr;
}

static no_inline void *heap_realloc(void *ptr, size_t bytes)
{
    size_t whole, has;
    char *at;
    void *to;

    if (!ptr)
        return heap_malloc(bytes);
    if (bytes > HEAP_MAX)
        return NULL;
    whole = heap_whole(bytes);
    has = *heap_header(ptr);
    if (whole == has)
        return ptr;
    if (whole > HEAP_SMALL && has > HEAP_SMALL) {
        at = realloc(heap_header(ptr), whole);
        if (!at)
            return NULL;
        *(size_t *)at = whole;
        return at + HEAP_HEADER;
    }
    to = heap_malloc(bytes);
    if (to) {
        memcpy(to, ptr, bytes < has - HEAP_HEADER ? bytes : has - HEAP_HEADER);
        heap_free(ptr);
    }
    return to;
}

/* Room for an event of up to HEAP_INPUT bytes, and one more. */
char *JS_GetInput(void)
{
    return heap.input;
}

/* Takes every free block for good, so that what is allocated from now on lies together in a chunk nobody has written to: a host
   makes the pages new that an invocation wrote, and keeps those of a function that differ from the base. Called before the memory
   is photographed: as base, and with a function. */
void heap_settle(void)
{
    size_t grains;
    void *ptr;

    for (grains = 0; grains < countof(heap.free); grains++) {
        while ((ptr = heap.free[grains])) {
            heap.free[grains] = *(void **)ptr;
            /* Pages of zeros are not part of the photograph. */
            memset(heap_header(ptr), 0, grains * HEAP_GRAIN);
        }
    }
    if (!heap_new_chunk()) {
        heap.next = NULL;
        heap.left = 0;
    }
}
