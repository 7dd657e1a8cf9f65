/*
 * notify.h: what is told to the kernel unasked, on a thread of its own.
 *
 * Layer: fs. The kernel may hold locks that only our answer to a request frees while it takes a notification,
 * so none is ever sent from a callback: callbacks queue, this thread sends, and it holds no lock that a
 * callback waits for.
 */
#ifndef BS_FS_NOTIFY_H
#define BS_FS_NOTIFY_H

#include "fs.h"

enum bs_code bs_notifier_start(
	struct fuse_session *session, struct bs_notifier **ret, struct bs_error *reterr) BS_MUST_CHECK;
/* Throws the pages of a file out of the page cache, very soon. Callable from callbacks. */
void bs_notifier_drop_pages(struct bs_notifier *notifier, fuse_ino_t ino);
/* What is queued is still sent. */
struct bs_notifier *bs_notifier_stop(struct bs_notifier *notifier);

#endif
