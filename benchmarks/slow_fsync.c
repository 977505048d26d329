/* A disk that takes its time: every fsync and fdatasync of a process lasts longer by SLOW_FSYNC_US microseconds.
   Loaded by LD_PRELOAD. `slow_fsyncs()` says how many it has slowed, so that a measure can tell that it works. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

static atomic_long slowed;

long slow_fsyncs(void) { return slowed; }

static void wait_longer(void) {
    const char *text = getenv("SLOW_FSYNC_US");
    long us = text ? atol(text) : 0;
    struct timespec time = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&time, NULL);
    slowed++;
}

static int slowly(const char *name, int file) {
    wait_longer();
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(file);
}

int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
