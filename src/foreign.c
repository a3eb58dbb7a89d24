#include "src/foreign.h"

#include <stddef.h>
#include <string.h>

bool foreign_is(const char *option)
{
	static const char *const words[] = {
		"_netdev", "auto",    "defaults", "diratime",   "group",
		"loud",    "noauto",  "nofail",   "nogroup",    "noiversion",
		"nomand",  "noowner", "nouser",   "nousers",    "owner",
		"silent",  "user",    "users",    "nolazytime",
	};
	static const char *const beginnings[] = {
		"X-", "comment=", "helper=", "uhelper=", "user=", "x-",
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(option, words[i]) == 0)
			return true;
	}
	for (i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
		if (strncmp(option, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	}
	return false;
}
