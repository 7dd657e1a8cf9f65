/* caller.h: which process a request comes from. The kernel names the thread. Layer: fs. */
#ifndef BS_FS_CALLER_H
#define BS_FS_CALLER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * The process of a thread; 0 if it cannot be told (gone, hidden, in a process namespace that is not beneath
 * ours).
 */
pid_t bs_caller_process(pid_t thread);
bool bs_caller_is_gone(pid_t process);

#endif
