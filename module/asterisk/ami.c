/* SPDX-License-Identifier: GPL-2.0-only */
/* The manager interface: an event for each step of a phone, and two actions. With permission to link with OpenSSL: see LICENSE. */

#include "asterisk.h"

#include "asterisk/json.h"
#include "asterisk/manager.h"
#include "asterisk/strings.h"
#include "asterisk/utils.h"

#include "pnp_asterisk.h"

#define MOST_WORDS 32

/* "notify_accepted" → "PnpDeviceNotifyAccepted". */
static void event_name(const char *step, char *out, size_t size)
{
	int starts = 1;

	ast_copy_string(out, "PnpDevice", size);
	for (out += 9, size -= 9; *step && size > 1; step++) {
		if (*step == '_') {
			starts = 1;
			continue;
		}
		*out++ = starts ? toupper(*step) : *step;
		size--;
		starts = 0;
	}
	*out = '\0';
}

/* Phones write some of this, and a line end would start a header of their own. */
static char *one_line(char *text)
{
	char *c;

	for (c = text; *c; c++) {
		if ((unsigned char) *c < ' ') {
			*c = ' ';
		}
	}
	return text;
}

void pnp_ami_step(void *context, const struct pnp_step *step)
{
	char name[64];

	event_name(step->step, name, sizeof(name));
	manager_event(EVENT_FLAG_SYSTEM, name,
		"MAC: %s\r\n"
		"State: %s\r\n"
		"Lines: %s\r\n"
		"Address: %s\r\n"
		"Detail: %s\r\n",
		step->mac, step->state, step->lines, step->address, one_line(ast_strdupa(step->detail)));
}

static void append(void *to, const char *text)
{
	struct ast_str **all = to;

	ast_str_append(all, 0, "%s", text);
}

/* Runs a command with --json; the reply is one line of JSON. The caller frees it. */
static struct ast_str *run(int argc, const char *const *argv, const char *actor, int *status)
{
	const char *words[MOST_WORDS + 1];
	struct ast_str *reply = ast_str_create(1024);
	struct pnp_engine *engine;
	int i;

	*status = 1;
	if (!reply) {
		return NULL;
	}
	for (i = 0; i < argc; i++) {
		words[i] = argv[i];
	}
	words[argc] = "--json";
	if ((engine = pnp_engine_hold())) {
		*status = engine_command(engine, argc + 1, words, actor, append, &reply);
	}
	pnp_engine_release();
	ast_str_trim_blanks(reply);
	return reply;
}

static int split(char *text, const char **words)
{
	int count = 0;
	char *word;

	while (count < MOST_WORDS && (word = strsep(&text, " "))) {
		if (*word) {
			words[count++] = word;
		}
	}
	return count;
}

static int action_command(struct mansession *s, const struct message *m)
{
	char *command = ast_strdupa(astman_get_header(m, "Command"));
	const char *id = astman_get_header(m, "ActionID");
	const char *words[MOST_WORDS];
	struct ast_str *reply;
	int status;

	if (ast_strlen_zero(command)) {
		astman_send_error(s, m, "Command: is missing; `pnp help` on the console lists them");
		return 0;
	}
	reply = run(split(command, words), words, "AMI", &status);
	astman_append(s, "Response: %s\r\n", status ? "Error" : "Success");
	if (!ast_strlen_zero(id)) {
		astman_append(s, "ActionID: %s\r\n", id);
	}
	astman_append(s, "Message: %s\r\nStatus: %d\r\nOutput: %s\r\n\r\n",
		status ? "PBX PnP refused the command" : "PBX PnP carried out the command", status,
		reply ? ast_str_buffer(reply) : "");
	ast_free(reply);
	return 0;
}

static const char *text_of(struct ast_json *object, const char *name)
{
	return S_OR(ast_json_string_get(ast_json_object_get(object, name)), "");
}

static void append_lines(struct mansession *s, struct ast_json *lines)
{
	size_t i;

	astman_append(s, "Lines: ");
	for (i = 0; i < ast_json_array_size(lines); i++) {
		astman_append(s, "%s%s", i ? "," : "",
			S_OR(ast_json_string_get(ast_json_array_get(lines, i)), ""));
	}
	astman_append(s, "\r\n");
}

static int action_devices(struct mansession *s, const struct message *m)
{
	static const char *const words[] = { "show", "devices" };
	const char *id = astman_get_header(m, "ActionID");
	int status;
	struct ast_str *reply = run(ARRAY_LEN(words), words, "AMI", &status);
	struct ast_json *json = reply ? ast_json_load_string(ast_str_buffer(reply), NULL) : NULL;
	struct ast_json *devices = ast_json_object_get(json, "devices");
	size_t i;

	ast_free(reply);
	if (status || !devices) {
		ast_json_unref(json);
		astman_send_error(s, m, "The devices cannot be listed; the log says why");
		return 0;
	}
	astman_send_listack(s, m, "Devices will follow", "start");
	for (i = 0; i < ast_json_array_size(devices); i++) {
		struct ast_json *device = ast_json_array_get(devices, i);

		astman_append(s, "Event: PnpDeviceEntry\r\n");
		if (!ast_strlen_zero(id)) {
			astman_append(s, "ActionID: %s\r\n", id);
		}
		astman_append(s, "MAC: %s\r\nState: %s\r\n", text_of(device, "mac"),
			text_of(device, "state"));
		append_lines(s, ast_json_object_get(device, "lines"));
		astman_append(s, "Address: %s\r\nVendor: %s\r\nModel: %s\r\n\r\n",
			text_of(device, "address"), one_line(ast_strdupa(text_of(device, "vendor"))),
			one_line(ast_strdupa(text_of(device, "model"))));
	}
	astman_send_list_complete_start(s, m, "PnpDevicesComplete", i);
	astman_send_list_complete_end(s);
	ast_json_unref(json);
	return 0;
}

static int registered;

int pnp_ami_register(void)
{
	registered = 1;
	return ast_manager_register2("PnpDevices", EVENT_FLAG_SYSTEM | EVENT_FLAG_REPORTING,
			action_devices, AST_MODULE_SELF, "Lists the phones that PBX PnP knows.",
			"Sends a PnpDeviceEntry event for each phone, then PnpDevicesComplete.")
		|| ast_manager_register2("PnpCommand", EVENT_FLAG_SYSTEM | EVENT_FLAG_COMMAND,
			action_command, AST_MODULE_SELF, "Runs a command of PBX PnP.",
			"Command: as on the console, without pnp, such as: assign 001fc1000001 201.\n"
			"Output: its reply as one line of JSON. Status: 0 done, 1 refused, 2 not understood.");
}

void pnp_ami_unregister(void)
{
	if (registered) {
		ast_manager_unregister("PnpDevices");
		ast_manager_unregister("PnpCommand");
		registered = 0;
	}
}
