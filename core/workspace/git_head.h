/*
 * git_head.h: which commit a directory's repository has checked out.
 *
 * Layer: core/workspace.
 */
#ifndef BS_GIT_HEAD_H
#define BS_GIT_HEAD_H

/* A word that changes with the commit: 64 hex digits, a mark and a NUL. */
#define BS_GIT_HEAD_MAX 80

/* Reads it from .git, without running git. An empty word: no repository, or none that can be read by its rules. */
void bs_git_head(const char *dir, char ret[static BS_GIT_HEAD_MAX]);

#endif
