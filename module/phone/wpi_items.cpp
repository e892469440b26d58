// SPDX-License-Identifier: MIT
// The table of the guide's items as far as they are public; the ranges are this phone's own where
// no paper gives one.
#include "module/phone/wpi_items.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace phone {

namespace {

using Kind = ItemRule::Kind;
using Access = ItemRule::Access;

constexpr int last_key_of_level_one = 90;
constexpr int level_two = 1000; // the second level of key n is 1000 + n

constexpr ItemRule text(std::string_view name, std::string_view factory = "") {
    return {.name = name, .factory = factory};
}

constexpr ItemRule flag(std::string_view name, std::string_view factory = "false") {
    return {.name = name, .kind = Kind::flag, .factory = factory};
}

constexpr ItemRule
number(std::string_view name, std::int64_t low, std::int64_t high, std::string_view factory = "") {
    return {.name = name, .kind = Kind::number, .low = low, .high = high, .factory = factory};
}

constexpr ItemRule told(ItemRule rule) {
    rule.access = Access::read_only;
    return rule;
}

constexpr ItemRule secret(std::string_view name, std::int64_t low = 0, std::int64_t high = 255) {
    return {.name = name, .access = Access::write_only, .low = low, .high = high};
}

constexpr ItemRule up_to(ItemRule rule, std::int64_t bytes) {
    rule.high = bytes;
    return rule;
}

constexpr ItemRule each(ItemRule rule, int first, int last) {
    rule.first_index = first;
    rule.last_index = last;
    return rule;
}

constexpr ItemRule forgotten(ItemRule rule) {
    rule.is_kept = false;
    return rule;
}

constexpr std::array<ItemRule, 151> items{{
    told(text("device-type")),
    told(text("related-device-type")),
    told(text("software-type")),
    told(text("related-software-type")),
    told(text("software-version")),
    told(text("related-software-version")),
    told(text("contact-me-uri")),
    told(text("mac-addr")),
    told(text("part-number")),
    told(text("configuration-changed-flag")),
    told(flag("gigabit-ethernet-enabled")),
    told(flag("mobility-enabled")),
    told(number("sip-mobility-state", 0, 2, "0")),
    told(number("backlight-type", 0, 9, "1")),
    told(text("ipaddress")),
    each(told(text("file-deployment-name")), 1, 100),
    each(told(text("file-deployment-type")), 1, 100),
    each(told(text("file-deployment-status")), 1, 100),
    each(told(text("file-deployment-date")), 1, 100),
    each(told(text("file-deployment-time")), 1, 100),
    text("dls-addr"),
    number("dls-port", 1, 65535, "18443"),
    number("dls-secure-port", 1, 65535, "18444"),
    number("dls-mode-secure", 0, 1, "0"),
    number("dls-contact-interval", 0, 86400, "300"),
    number("dls-chunk-size", 0, 65535, "9492"),
    forgotten(text("dcmp-url")),
    forgotten(number("dcmp-poll-interval", 1, 1440, "5")),
    each(secret("dls-server-ca", 0, 262144), 0, 1),
    secret("dls-client-certificate", 0, 262144),
    flag("dhcp", "true"),
    flag("dhcp-reuse"),
    flag("lldp-enabled", "true"),
    flag("qos-layer2"),
    flag("qos-layer3"),
    flag("port2-auto-mdix-enabled"),
    flag("ipv6-dhcp-enabled"),
    text("hostname"),
    text("e164-hostname"),
    text("default-domain"),
    number("vlan-method", 0, 2, "1"),
    number("vlan-id", 0, 4095),
    number("l2qos-voice", 0, 7),
    number("l2qos-signalling", 0, 7),
    number("l2qos-default", 0, 7),
    number("l3qos-voice", 0, 255),
    number("l3qos-signalling", 0, 255),
    number("port1", 0, 9, "0"),
    number("port2", 0, 9, "0"),
    number("port2-mode", 0, 9, "0"),
    text("e164"),
    text("basic-e164"),
    text("sip-user-id"),
    text("sip-name"),
    text("reg-id"),
    text("reg-number"),
    text("fully-qualified-phone-no"),
    text("reg-addr"),
    text("registrar-addr"),
    text("sgnl-gateway-addr"),
    text("sgnl-gateway-addr-user"),
    text("sgnl-route"),
    text("server-type"),
    text("realm"),
    text("mwi-e164"),
    text("voice-mail-e164"),
    text("emergency-e164"),
    text("backup-addr"),
    secret("sip-pwd"),
    flag("register-by-name"),
    flag("outbound-proxy"),
    flag("outbound-proxy-user"),
    flag("session-timer"),
    flag("backup-registration"),
    flag("use-display-id"),
    number("reg-port", 0, 65535, "5060"),
    number("registrar-port", 0, 65535, "5060"),
    number("sgnl-gateway-port", 0, 65535),
    number("sgnl-gateway-port-user", 0, 65535),
    number("phone-port", 0, 65535, "5060"),
    number("rtp-base-port", 1024, 65534, "5010"),
    number("reg-ttl", 0, 86400, "3600"),
    number("session-duration", 0, 86400, "3600"),
    number("sip-transport", 0, 2, "0"),
    number("sip-transport-user", 0, 2, "0"),
    up_to(text("display-id"), 24),
    up_to(text("display-id-unicode"), 96),
    each(text("line-sip-uri"), 1, 30),
    each(text("line-sip-user-id"), 1, 30),
    each(text("line-sip-realm"), 1, 30),
    each(text("line-short-desc"), 1, 30),
    each(text("line-short-desc-unicode"), 1, 30),
    each(text("line-hot-line-warm-line"), 1, 30),
    each(secret("line-sip-pwd"), 1, 30),
    each(flag("line-primary"), 1, 30),
    each(flag("line-hidden"), 1, 30),
    each(number("line-ring-delay", 0, 3600), 1, 30),
    each(number("line-shared-type", 0, 9), 1, 30),
    each(number("line-hunt-sequence", 0, 99), 1, 30),
    each(number("function-key-def", 0, 99), 1, 1090),
    each(text("key-label"), 1, 1090),
    each(text("key-label-unicode"), 1, 1090),
    each(text("select-dial"), 1, 1090),
    each(text("blf-code"), 1, 1090),
    each(text("stimulus-led-control-uri"), 1, 1090),
    each(text("stimulus-DTMF-sequence"), 1, 1090),
    each(flag("locked-function-keys"), 1, 1090),
    text("language-iso", "en"),
    text("country-iso", "GB"),
    text("ringer-melody", "2"),
    text("ringer-tone-sequence", "2"),
    text("ringer-audio-file"),
    text("sntp-addr"),
    text("sntp-addr-backup"),
    number("date-format", 0, 255, "0"),
    number("time-format", 0, 255, "0"),
    number("display-brightness", 0, 255, "0"),
    number("daylight-save-zone-id", 0, 255, "0"),
    number("sntp-tz-offset", -720, 840, "0"),
    flag("daylight-save", "true"),
    flag("auto-daylight-save", "true"),
    flag("moh-enabled", "true"),
    flag("call-log-enabled", "true"),
    flag("missed-logging", "true"),
    secret("admin-pwd", 6, 24),
    up_to(text("user-pwd"), 24),
    number("min-admin-passw-length", 6, 24, "6"),
    flag("enable-WBM", "true"),
    flag("ssh-enable"),
    secret("ssh-password"),
    number("ssh-timer-connect", 1, 60, "5"),
    number("ssh-timer-session", 1, 60, "5"),
    each(flag("locked-config-menus"), 1, 500),
    each(flag("locked-local-function-menus"), 1, 500),
    flag("default-locked-config-menus"),
    text("ldap-server-address"),
    number("ldap-server-port", 0, 65535, "389"),
    number("ldap-transport", 0, 2, "0"),
    number("ldap-authentication", 0, 2, "0"),
    text("ldap-user"),
    secret("ldap-pwd"),
    number("ldap-max-responses", 1, 25, "25"),
    each(text("XML-app-action"), 1, 30),
    each(up_to(text("XML-app-name"), 20), 1, 30),
    each(text("XML-app-display-name"), 1, 30),
    each(text("XML-app-server-addr"), 1, 30),
    each(text("XML-app-program-name"), 1, 30),
    each(flag("codec-allowed"), 1, 10),
    each(number("codec-rank", 0, 20), 1, 10),
    each(number("codec-type", 0, 127), 1, 10),
    each(number("codec-packet-size", 0, 60), 1, 10),
}};

bool fits_index(const ItemRule& rule, std::string_view index) {
    if (!rule.is_indexed()) {
        return index.empty();
    }
    const auto number = base::parse_number(index);
    if (!number || *number > static_cast<std::uint64_t>(rule.last_index)) {
        return false;
    }
    const auto value = static_cast<int>(*number);
    const bool in_gap =
        rule.last_index > level_two && value > last_key_of_level_one && value <= level_two;
    return value >= rule.first_index && !in_gap;
}

std::optional<std::int64_t> signed_number(std::string_view text) {
    const bool negative = !text.empty() && text.front() == '-';
    const auto number = base::parse_number(text.substr(negative ? 1 : 0));
    if (!number || *number > 1'000'000'000) {
        return std::nullopt;
    }
    const auto value = static_cast<std::int64_t>(*number);
    return negative ? -value : value;
}

bool fits(const ItemRule& rule, std::string_view value) {
    switch (rule.kind) {
    case Kind::flag:
        return value == "true" || value == "false";
    case Kind::number: {
        const auto number = signed_number(value);
        return value.empty() || (number && *number >= rule.low && *number <= rule.high);
    }
    case Kind::text:
        break;
    }
    const auto size = static_cast<std::int64_t>(value.size());
    const bool is_certificate = rule.high > 4096; // PEM has lines
    return size <= rule.high && (size >= rule.low || value.empty()) &&
           (is_certificate || value.find_first_of("\r\n") == std::string_view::npos);
}

} // namespace

const ItemRule* find_item(std::string_view name) noexcept {
    const auto* found = std::find_if(items.begin(), items.end(),
                                     [name](const ItemRule& rule) { return rule.name == name; });
    return found == items.end() ? nullptr : found;
}

const ItemRule* begin_items() noexcept {
    return items.begin();
}

const ItemRule* end_items() noexcept {
    return items.end();
}

std::string refuses_to_read(std::string_view name, std::string_view index) {
    const auto* rule = find_item(name);
    if (rule == nullptr) {
        return "unknown item";
    }
    if (!fits_index(*rule, index)) {
        return "invalid index";
    }
    // Guide p. 33: failed is also what an item says that the phone cannot supply.
    return rule->access == Access::write_only ? "failed" : "";
}

std::string
refuses_to_write(std::string_view name, std::string_view index, std::string_view value) {
    if (name == "goto-secure-mode" || name == "secure-mode-data" || name == "max-pin-retries") {
        return "not supported"; // Secure Mode is not played
    }
    const auto* rule = find_item(name);
    if (rule == nullptr) {
        return "unknown item";
    }
    if (rule->access == Access::read_only) {
        return "read only";
    }
    if (!fits_index(*rule, index)) {
        return "invalid index";
    }
    return fits(*rule, value) ? "" : "invalid data";
}

} // namespace phone
