/* SPDX-License-Identifier: MIT */
/* A host in plain C: starts the engine, asks it something, stops it, and does it all again. */
#include "module/host.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int descriptors(void)
{
	int count = 0;
	DIR *folder = opendir("/proc/self/fd");
	if (!folder) {
		return -1;
	}
	while (readdir(folder)) {
		++count;
	}
	closedir(folder);
	return count;
}

static int threads(void)
{
	int count = 0;
	DIR *folder = opendir("/proc/self/task");
	if (!folder) {
		return -1;
	}
	while (readdir(folder)) {
		++count;
	}
	closedir(folder);
	return count;
}

static void print(void *to, const char *text)
{
	strncat(to, text, 8000 - strlen(to));
}

static void quiet(void *context, enum pnp_level level, const char *room, const char *text)
{
	(void) context;
	if (level == PNP_ERROR) {
		fprintf(stderr, "%s: %s\n", room, text);
	}
}

static int check(int holds, const char *what)
{
	if (!holds) {
		fprintf(stderr, "FAILED: %s\n", what);
		exit(1);
	}
	return holds;
}

static int find_account(void *context, const char *number, struct pnp_account *account, char *why,
	size_t why_size)
{
	(void) context;
	if (strcmp(number, "300")) {
		snprintf(why, why_size, "the PBX has no extension %s", number);
		return -1;
	}
	snprintf(account->number, sizeof(account->number), "300");
	snprintf(account->name, sizeof(account->name), "Of the PBX");
	snprintf(account->password, sizeof(account->password), "pbx-secret");
	return 0;
}

int main(void)
{
	char folder[] = "/tmp/pnp-c-host-XXXXXX";
	check(mkdtemp(folder) != NULL, "a temporary folder");
	char control[128];
	snprintf(control, sizeof(control), "%s/pnp.ctl", folder);
	/* An address that no interface has: nothing is bound, so the test meets no other program. */
	const char *overrides[] = {"interfaces=192.0.2.1", NULL};

	struct pnp_host host;
	memset(&host, 0, sizeof(host));
	host.version = PNP_HOST_VERSION;
	host.name = "a host in C";
	host.overrides = overrides;
	host.data_dir = folder;
	host.control = control;
	host.log = quiet;
	host.find_account = find_account;

	int fds = 0;
	int tasks = 0;
	for (int round = 0; round < 3; ++round) {
		struct pnp_engine *engine = NULL;
		char why[256] = "";
		check(engine_start(&host, &engine, why, sizeof(why)) == 0, why);
		check(threads() > 3, "the engine runs threads of its own");

		static char text[8192];
		const char *status[] = {"pnp", "status"};
		text[0] = 0;
		check(engine_command(engine, 2, status, "console", print, text) == 0, "status");
		check(strstr(text, "a host in C") != NULL, "status names the host");
		const char *assign[] = {"assign", "001fc1000001", "300"};
		text[0] = 0;
		check(engine_command(engine, 3, assign, "console", print, text) == 0,
			"an extension of the PBX can be assigned");
		const char *nonsense[] = {"asign"};
		text[0] = 0;
		check(engine_command(engine, 1, nonsense, "console", print, text) == 2, "an unknown word");
		check(strstr(text, "assign") != NULL, "the nearest word is suggested");
		check(engine_reload(engine, why, sizeof(why)) == 0, why);
		engine_stop(engine);

		if (round == 1) {
			fds = descriptors();
			tasks = threads();
		}
	}
	check(descriptors() == fds, "no descriptor stays open");
	check(threads() == tasks, "no thread stays");

	host.version = 99;
	struct pnp_engine *engine = NULL;
	char why[256] = "";
	check(engine_start(&host, &engine, why, sizeof(why)) == -1, "another version is refused");
	check(strstr(why, "99") != NULL && engine == NULL, "and named");
	engine_stop(NULL);

	char command[160];
	snprintf(command, sizeof(command), "rm -r '%s'", folder);
	check(system(command) == 0, "cleaning up");
	puts("the door works");
	return 0;
}
