/*
 * users.h: who uses a mount: processes with files of it open, or with their working directory in it. Layer:
 * core/cli.
 */
#ifndef BS_CLI_USERS_H
#define BS_CLI_USERS_H

#include <bus-secrets/strings.h>

/* "ssh (1234)", at most max of them. Of processes that we may not look into nothing is known. */
void bs_users_of(const char *dir, size_t max, struct bs_strings *ret);

#endif
