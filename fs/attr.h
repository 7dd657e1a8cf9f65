/* attr.h: what stat(2) says of a node, without a key. Layer: fs. */
#ifndef BS_FS_ATTR_H
#define BS_FS_ATTR_H

#include "inode.h"

/*
 * False if there is nothing under the node's name and nobody has it open. thread is who asks: a process that
 * is writing a value sees the size of what it wrote, everybody else the committed one.
 */
bool bs_attr_get(struct bs_fs *fs, struct bs_node *node, pid_t thread, struct stat *ret);
/* The mode of a file's permission bits alone: its own, if one was set, never more than its scope's. */
mode_t bs_attr_mode(struct bs_fs *fs, const struct bs_node *node);

#endif
