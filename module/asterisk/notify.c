/* SPDX-License-Identifier: GPL-2.0-only */
/* NOTIFY to one phone, by the manager action of res_pjsip_notify, and whether it is in a call. With permission to link with OpenSSL: see LICENSE. */

#include "asterisk.h"

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

int pnp_send_notify(void *context, const char *number, const char *address, const char *event,
	char *why, size_t why_size)
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
