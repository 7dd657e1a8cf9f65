/* ops.h: the FUSE callbacks: decode, ask, reply once. Layer: fs. */
#ifndef BS_FS_OPS_H
#define BS_FS_OPS_H

#include "inode.h"

extern const struct fuse_lowlevel_ops bs_ops;

/* The node of a request, or NULL after ESTALE was replied. */
struct bs_node *bs_ops_node(fuse_req_t req, fuse_ino_t ino);
/* The directory of a scope, or NULL after the errno was replied for what is none. op: for the log. */
struct bs_node *bs_ops_scope_dir(fuse_req_t req, fuse_ino_t parent);
/* Refuses, with EROFS or the reason, what would change a scope that cannot be written; true if it did. */
bool bs_ops_refused_write(
	fuse_req_t req, struct bs_fs *fs, enum bs_scope scope, const char *op, const char *name);
/*
 * Replies with a node that the kernel will know from now on; false if the kernel will not know it, after all.
 */
bool bs_ops_reply_entry(fuse_req_t req, struct bs_fs *fs, struct bs_node *node, struct fuse_file_info *fi);

/* ops_file.c */
void bs_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void bs_op_create(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi);
void bs_op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void bs_op_write(
	fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t off, struct fuse_file_info *fi);
void bs_op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void bs_op_fsync(fuse_req_t req, fuse_ino_t ino, int is_data, struct fuse_file_info *fi);
void bs_op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void bs_op_copy_file_range(fuse_req_t req, fuse_ino_t ino_in, off_t off_in, struct fuse_file_info *fi_in,
	fuse_ino_t ino_out, off_t off_out, struct fuse_file_info *fi_out, size_t len, int flags);

/* ops_attr.c */
void bs_op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void bs_op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi);
void bs_op_access(fuse_req_t req, fuse_ino_t ino, int mask);
void bs_op_statfs(fuse_req_t req, fuse_ino_t ino);

/* ops_dir.c */
void bs_op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void bs_op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count);
void bs_op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void bs_op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void bs_op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void bs_op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* ops_name.c */
void bs_op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void bs_op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
	const char *new_name, unsigned flags);

#endif
