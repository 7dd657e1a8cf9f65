/* version.h: the version of the library and the programs. Layer: include. */
#ifndef BUS_SECRETS_VERSION_H
#define BUS_SECRETS_VERSION_H

#define BS_VERSION "0.1.0"

#endif
