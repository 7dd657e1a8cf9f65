/*
 * fault.h: named points where a test build can be told to die or to fail.
 *
 * Layer: core/base. Without BS_FAULTS (every build but the fault tests') the macro is empty.
 *
 * In a test build BUS_SECRETS_FAULT="point:action[,point:action...]" acts when the point is passed: kill (SIGKILL to
 * ourselves), stop (SIGSTOP, so that a test can act in the middle), or an errno by name (ENOSPC, EIO) which
 * bs_fault() then returns.
 */
#ifndef BS_FAULT_H
#define BS_FAULT_H

#ifdef BS_FAULTS
int bs_fault(const char *point);
#else
#define bs_fault(point) 0
#endif

#endif
