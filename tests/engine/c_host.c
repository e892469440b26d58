/* SPDX-License-Identifier: MIT */
/* A host in plain C: starts the engine, asks it something, stops it, and does it all again. */
#include "module/host.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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

/* What the engine told and asked of us. */
static atomic_int steps;
static atomic_int registered;
static char extensions[8][64];
static int extension_count;

static void step(void *context, const struct pnp_step *told)
{
	(void) context;
	++steps;
	if (!strcmp(told->step, "registered")) {
		++registered;
		check(strstr(told->mac, "001fc10000") && !strcmp(told->state, "registered")
			&& !strcmp(told->lines, "300") && !strcmp(told->address, "10.0.0.2"), "the step is whole");
	}
}

static int put_extension(void *context, const struct pnp_extension *extension, char *why,
	size_t why_size)
{
	(void) context;
	if (!strcmp(extension->number, "666")) {
		snprintf(why, why_size, "the PBX has a 666 of its own");
		return PNP_UNUSABLE;
	}
	check(*extension->password && *extension->codecs && *extension->home, "it is whole");
	snprintf(extensions[extension_count++], sizeof(extensions[0]), "%s", extension->number);
	return 0;
}

static int place_of(const char *number)
{
	int i = 0;
	while (i < extension_count && strcmp(extensions[i], number) != 0) {
		++i;
	}
	return i;
}

static void remove_extension(void *context, const char *number)
{
	(void) context;
	const int i = place_of(number);
	check(i < extension_count, "it was there");
	--extension_count;
	if (i < extension_count) {
		memcpy(extensions[i], extensions[extension_count], sizeof(extensions[0]));
	}
}

/* What came after the other at a reload. */
static char order[200];

static void came(const char *what, const char *how)
{
	size_t length = strlen(order);
	snprintf(order + length, sizeof(order) - length, "%s %s, ", what, how);
}

static int put_codes(void *context, const struct pnp_codes *codes, char *why, size_t why_size)
{
	(void) context;
	(void) why;
	(void) why_size;
	came(*codes->claim ? codes->emergency[0] : "nothing", "put");
	return 0;
}

static void drop_codes(void *context)
{
	(void) context;
	came("old ones", "dropped");
}

static int may_own(void *context, const char *number, const char *home, char *why, size_t why_size)
{
	(void) context;
	(void) home;
	came(number, "looked at");
	snprintf(why, why_size, "the PBX has a %s of its own", number);
	return strcmp(number, "666") ? 0 : PNP_UNUSABLE;
}

static void list_accounts(void *context, void (*visit)(void *to, const char *number,
	const char *name), void *to)
{
	(void) context;
	visit(to, "300", "Of the PBX");
}

static void list_dialplan(void *context, const struct pnp_dialplan_visitor *visitor)
{
	(void) context;
	visitor->context(visitor->to, "phones");
	visitor->number(visitor->to, "_3XX", "");
	visitor->include(visitor->to, "out", "");
	visitor->context(visitor->to, "out");
	visitor->number(visitor->to, "_0.", "");
}

static atomic_int notified;

static int send_notify(void *context, const char *number, const char *address, uint16_t port,
	const char *event, char *why, size_t why_size)
{
	(void) context;
	(void) port;
	(void) why;
	(void) why_size;
	++notified;
	return !strcmp(number, "300") && !strcmp(address, "10.0.0.2") && *event ? 0 : PNP_NONE;
}

static void count(void *to, const char *word)
{
	(void) word;
	++*(int *) to;
}

static void count_command(void *to, const char *words, const char *usage, const char *help)
{
	check(*words && *usage && *help, "a command is whole");
	++*(int *) to;
}

/* One console command that must end with `status` and say `words`. */
static void say(struct pnp_engine *engine, const char *line, int status, const char *words)
{
	static char text[8192];
	char copy[256];
	const char *argv[16];
	int argc = 0;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
		argv[argc++] = word;
	}
	text[0] = 0;
	int got = engine_command(engine, argc, argv, "console", print, text);
	if (got != status || !strstr(text, words)) {
		fprintf(stderr, "%s: %d, %s\n", line, got, text);
	}
	check(got == status && strstr(text, words) != NULL, line);
}

/* A site of 14 phones is told to come again: some at once, the others one by one. */
static void tell_a_site(struct pnp_engine *engine)
{
	char line[64];
	for (int phone = 0x10; phone < 0x1e; ++phone) {
		snprintf(line, sizeof(line), "assign 001fc10000%x 300", phone);
		say(engine, line, 0, "300");
		snprintf(line, sizeof(line), "Htek UC924 2.0.4.2 00:1f:c1:00:00:%x", phone);
		engine_registered(engine, "300", "10.0.0.2", (uint16_t) (6000 + phone), line);
	}
	notified = 0;
	for (int phone = 0x10; phone < 0x1e; ++phone) {
		snprintf(line, sizeof(line), "resync 001fc10000%x", phone);
		say(engine, line, 0, phone < 0x18 ? "goes out" : phone > 0x1b ? "its turn" : "");
	}
	check(notified >= 8 && notified < 14, "they are not told all at once");
	const struct timespec moment = {0, 20 * 1000 * 1000};
	for (int tries = 0; notified < 14 && tries < 1000; ++tries) {
		nanosleep(&moment, NULL);
	}
	check(notified == 14, "each is told in the end");
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

/* What is dialled cannot be an extension as well; one that was there first keeps its number. */
static void try_codes(struct pnp_host *host)
{
	const char *const *plain = host->overrides;
	const char *with_codes[] = {plain[0], "claim_code=*77", "emergency_numbers=112", NULL};
	struct pnp_engine *engine = NULL;
	char why[512] = "";

	check(engine_start(host, &engine, why, sizeof(why)) == 0, why);
	say(engine, "extension add *77", 0, "is there");
	engine_stop(engine);
	extension_count = 0;

	host->overrides = with_codes;
	check(engine_start(host, &engine, why, sizeof(why)) == 0, why);
	check(place_of("*77") < extension_count, "it works as before");
	say(engine, "status", 0, "extension *77 is in the way of claim_code = *77");
	check(engine_reload(engine, why, sizeof(why)) == -1, "such a configuration is refused");
	check(strstr(why, "pnp extension remove *77") != NULL, why);
	say(engine, "extension remove *77", 0, "is gone");
	say(engine, "extension remove 201", 0, "is gone");
	say(engine, "extension remove 202", 0, "is gone");
	order[0] = 0;
	check(engine_reload(engine, why, sizeof(why)) == 0, why);
	check(!strcmp(order, "112 put, 200 looked at, old ones dropped, "), order);
	say(engine, "extension add *77", 1, "choose another number");
	say(engine, "extension add *77*1", 1, "choose another number");
	say(engine, "extension add *78", 1, "release_code = *78");
	say(engine, "extension add *79", 0, "is there");
	engine_stop(engine);
	extension_count = 0;
	host->overrides = plain;
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
	host.step = step;
	host.list_accounts = list_accounts;
	host.list_dialplan = list_dialplan;
	host.may_own = may_own;
	host.put_extension = put_extension;
	host.remove_extension = remove_extension;
	host.send_notify = send_notify;
	host.put_codes = put_codes;
	host.drop_codes = drop_codes;
	host.sees_registrations = 1;

	int fds = 0;
	int tasks = 0;
	for (int round = 0; round < 3; ++round) {
		struct pnp_engine *engine = NULL;
		char why[256] = "";
		check(engine_start(&host, &engine, why, sizeof(why)) == 0, why);
		check(threads() > 3, "the engine runs threads of its own");

		say(engine, "pnp status", 0, "a host in C");
		say(engine, "assign 001fc1000001 300", 0, "300");
		say(engine, "asign", 2, "assign");
		say(engine, "show extensions", 0, "Of the PBX");
		say(engine, "dialplan phones --try 301", 0, "3xx|0xx.");
		say(engine, "dialplan homes", 1, "no dial plan context homes");
		say(engine, "extension add 666", 1, "the PBX has a 666 of its own");
		check(extension_count == round, "what is in the database is put at the start");
		char add[32];
		snprintf(add, sizeof(add), "extension add 20%d", round);
		say(engine, add, 0, "is there");
		check(extension_count == round + 1, "a new extension is put");
		check(engine_reload(engine, why, sizeof(why)) == 0, why);

		if (round == 0) {
			say(engine, "resync 001fc1000001", 1, "was never heard");
		}
		check(steps > 0, "an assignment is a step");
		registered = 0;
		engine_register_refused(engine, "300", "10.0.0.2", "wrong password");
		engine_registered(engine, "300", "10.0.0.2", 5060, "Htek UC924 2.0.4.2 00:1f:c1:00:00:01");
		engine_registered(engine, "300", "10.0.0.2", 5060, "Htek UC924 2.0.4.2 00:1f:c1:00:00:01");
		engine_registered(engine, "no number", "no address", 0, "");
		check(registered == 1, "a registration is told once");
		say(engine, "explain 001fc1000001", 0, "All is well");
		say(engine, "resync 001fc1000001", 0, "goes out by the PBX");
		engine_unregistered(engine, "300", "10.0.0.2", 5060);
		say(engine, "explain 001fc1000001", 0, "lost its registration");

		if (round == 0) {
			tell_a_site(engine);
		}
		int words = 0;
		const char *unfinished[] = {"assign", "001fc1000001", "3"};
		engine_complete(engine, 3, unfinished, count, &words);
		check(words == 1, "300 completes");
		words = 0;
		engine_commands(count_command, &words);
		check(words > 15, "the commands can be listed");
		engine_release_port(engine);
		engine_take_port(engine);
		engine_stop(engine);
		while (extension_count > 0) {
			remove_extension(NULL, extensions[extension_count - 1]); /* as a host does */
		}

		if (round == 1) {
			fds = descriptors();
			tasks = threads();
		}
	}
	try_codes(&host);
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
