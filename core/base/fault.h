/*
 * fault.h: named points where a test build can be told to die or to fail.
 *
 * Layer: core/base. Without BS_FAULTS (every build but the fault tests') all of it is empty.
 *
 * In a test build BUS_SECRETS_FAULT="point:action[,point:action...]" acts when the point is passed: kill (SIGKILL to
 * ourselves), stop (SIGSTOP, at a named point once, so that a test can act in the middle), or an errno by name
 * (ENOSPC, EIO) which bs_fault() then sets and returns. The point "#7" is the seventh system call of the process that is wrapped in
 * BS_IO, "#7+" that one and all after it; with an errno the call is not made and fails with it. Foreign texts that an
 * exchange displaced are appended to the file that BUS_SECRETS_DISPLACED_LOG names.
 */
#ifndef BS_FAULT_H
#define BS_FAULT_H

#ifdef BS_FAULTS
#include <stdbool.h>

int bs_fault(const char *point);
/* Counts one call; true with errno set if it is to fail. */
bool bs_fault_io(void);
unsigned long bs_fault_io_count(void);
void bs_fault_io_restart(void); /* the next call is "#1" */
void bs_fault_log_displaced(int dir, const char *name);
#define BS_IO(call) (bs_fault_io() ? -1 : (call))
#else
#define bs_fault(point) 0
#define bs_fault_log_displaced(dir, name) ((void)0)
/* A system call that returns -1 with errno on failure. */
#define BS_IO(call) (call)
#endif

#endif
