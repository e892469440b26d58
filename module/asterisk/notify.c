/* SPDX-License-Identifier: GPL-2.0-only */
/* NOTIFY to one phone, by the manager action of res_pjsip_notify, and who is in a call. With permission to link with OpenSSL: see LICENSE. */

#include "asterisk.h"

#include "asterisk/channel.h"
#include "asterisk/devicestate.h"
#include "asterisk/lock.h"
#include "asterisk/manager.h"
#include "asterisk/utils.h"

#include "pnp_asterisk.h"

/* res_pjsip_notify exports nothing, so its action is called inside the process; that works with the
 * manager interface switched off, too. The answer comes while the call still runs. */
AST_MUTEX_DEFINE_STATIC(answer_lock);
static int succeeded;
static int hooked;

static int answered(int category, const char *event, char *content)
{
	/* Called for every event of the PBX as well; only an answer starts so. */
	if (content && !strncasecmp(content, "Response: Success", 17)) {
		succeeded = 1;
	}
	return 0;
}

static struct manager_custom_hook hook = {
	.file = PNP_REGISTRAR,
	.helper = answered,
};

int pnp_notify_register(void)
{
	ast_manager_register_hook(&hook);
	hooked = 1;
	return 0;
}

void pnp_notify_unregister(void)
{
	if (hooked) {
		ast_manager_unregister_hook(&hook);
		hooked = 0;
	}
}

/* In an action, what follows a semicolon is a comment. */
static void escape(const char *event, char *out, size_t size)
{
	for (; *event && size > 2; event++) {
		if (*event == ';') {
			*out++ = '\\';
			size--;
		}
		*out++ = *event;
		size--;
	}
	*out = '\0';
}

int pnp_send_notify(void *context, const char *number, const char *address, uint16_t port,
	const char *event, char *why, size_t why_size)
{
	char escaped[128];
	char action[512];
	int all;
	int there;
	int done;

	/* The action reaches every contact of the endpoint, so there must be no other one. */
	pnp_contacts_of(number, address, &all, &there);
	if (!there) {
		snprintf(why, why_size, "%s is not registered from %s", number, address);
		return PNP_NONE;
	}
	if (pnp_has_static_contact(number)) {
		snprintf(why, why_size, "an aor of %s has contacts in pjsip.conf, and Asterisk would tell "
			"them too", number);
		return PNP_NONE;
	}
	if (all > 1) {
		snprintf(why, why_size, "%s has %d registrations, and Asterisk would tell all of them",
			number, all);
		return PNP_NONE;
	}
	escape(event, escaped, sizeof(escaped));
	snprintf(action, sizeof(action),
		"Action: PJSIPNotify\r\nEndpoint: %s\r\nVariable: Event=%s\r\n", number, escaped);
	ast_mutex_lock(&answer_lock);
	succeeded = 0;
	done = ast_hook_send_action(&hook, action) || !succeeded;
	ast_mutex_unlock(&answer_lock);
	if (done) {
		snprintf(why, why_size, "Asterisk does not send it; is res_pjsip_notify.so loaded?");
		return PNP_NONE;
	}
	return 0;
}

/* What its hint would show: of an endpoint with several contacts all of them together. */
int pnp_in_call(void *context, const char *number)
{
	char device[128];

	snprintf(device, sizeof(device), "PJSIP/%s", number);
	switch (ast_device_state(device)) {
	case AST_DEVICE_NOT_INUSE:
	case AST_DEVICE_UNAVAILABLE:
		return 0;
	case AST_DEVICE_INUSE:
	case AST_DEVICE_BUSY:
	case AST_DEVICE_RINGING:
	case AST_DEVICE_RINGINUSE:
	case AST_DEVICE_ONHOLD:
		return 1;
	default:
		return PNP_NONE;
	}
}

/* Its other end is where the dialogue's requests go: the contact that was called, or that called. */
static void tell_call(struct ast_channel *channel, const char *number,
	void (*visit)(void *to, const char *address, uint16_t port), void *to)
{
	char endpoint[80];
	char uri[256];
	char address[64] = "";
	unsigned int port = 0;
	int has_session;

	ast_channel_lock(channel);
	has_session = ast_channel_tech_pvt(channel) != NULL;
	ast_channel_unlock(channel);
	if (!has_session || pnp_ask_channel(channel, "endpoint", endpoint, sizeof(endpoint))
		|| strcmp(endpoint, number)) {
		return; /* it ended, or "201-2" begins like "201" */
	}
	if (!pnp_ask_channel(channel, "pjsip,target_uri", uri, sizeof(uri))) {
		pnp_read_uri(uri, address, sizeof(address), &port);
	}
	visit(to, address, port);
}

void pnp_list_calls(void *context, const char *number,
	void (*visit)(void *to, const char *address, uint16_t port), void *to)
{
	struct ast_channel_iterator *each;
	struct ast_channel *channel;
	char name[96];

	snprintf(name, sizeof(name), "PJSIP/%s-", number);
	if (!(each = ast_channel_iterator_by_name_new(name, strlen(name)))) {
		visit(to, "", 0);
		return;
	}
	while ((channel = ast_channel_iterator_next(each))) {
		tell_call(channel, number, visit, to);
		ast_channel_unref(channel);
	}
	ast_channel_iterator_destroy(each);
}
