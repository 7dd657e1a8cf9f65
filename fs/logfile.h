/*
 * logfile.h: the worker's log: lines with a time, no values.
 *
 * Layer: fs. Thread-safe. A file that is made with its first line and begun anew at 1 MiB, with one
 * predecessor; or standard error.
 */
#ifndef BS_FS_LOGFILE_H
#define BS_FS_LOGFILE_H

#include <bus-secrets/log.h>

/* path NULL: standard error. Takes the library's notices, too. */
enum bs_code bs_log_open(const char *path, struct bs_error *reterr) BS_MUST_CHECK;
void bs_log_close(void);
void bs_log(const char *fmt, ...) BS_PRINTF(1, 2);

#endif
