/* What the prebuilt libraries ask for that the C and C++ libraries of 2020 do not have yet. Loaded first and for all, so that
   the loader comes here for what it found nowhere else; with newer libraries nothing of this is used. */
#include <fcntl.h>
#include <sys/syscall.h>

long syscall(long number, ...);
struct stat;

/* glibc 2.32. An edge has more than one thread from its beginning. */
char __libc_single_threaded = 0;

/* glibc 2.33, before that part of each program. struct stat is the kernel's on x86-64 and on arm64. */
int stat(const char *path, struct stat *out) { return (int)syscall(SYS_newfstatat, AT_FDCWD, path, out, 0); }
int fstat(int file, struct stat *out) { return (int)syscall(SYS_fstat, file, out); }

/* GLIBCXX_3.4.29: std::__throw_bad_array_new_length(). The exception is a kind of std::bad_alloc. */
void _ZSt17__throw_bad_allocv(void);
void _ZSt28__throw_bad_array_new_lengthv(void) { _ZSt17__throw_bad_allocv(); }

/* GLIBCXX_3.4.29: std::string::reserve(), which may give memory back, and need not. */
void _ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE7reserveEv(void *string) { (void)string; }

/* Node loads what has this. */
void *napi_register_module_v1(void *env, void *exports) { return (void)env, exports; }
