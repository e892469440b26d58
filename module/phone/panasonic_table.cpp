// SPDX-License-Identifier: MIT
// The 215 rows, and how a value is judged by its row.
#include "module/phone/panasonic_table.hpp"

#include "module/phone/dial_plan.hpp"
#include "provisioning/base/net.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace phone {

namespace {

using base::Errc;
using enum PanasonicParameter::Suffix;
using enum PanasonicParameter::Form;

constexpr std::array<PanasonicParameter, 215> parameters{{
    {"ADMIN_ID", none, credential, 0, 16},
    {"ADMIN_PASS", none, credential, 6, 16},
    {"USER_ID", none, credential, 0, 16},
    {"USER_PASS", none, credential, 6, 16, 0, true},
    {"TIME_ZONE_COUNTRY", none, number, -110001, 130001},
    {"SYSLOG_ADDR", none, host, 0, 127, 0, true},
    {"SYSLOG_PORT", none, number, 1, 65535},
    {"FIRM_UPGRADE_ENABLE", none, choice, 0, 0, 0, false, "Y|N"},
    {"FIRM_VERSION", none, version, 0, 6, 0, true},
    {"FIRM_FILE_PATH", none, plain, 0, 500, 0, true},
    {"OPTION66_ENABLE", none, choice, 0, 0, 0, false, "Y|N"},
    {"PROVISION_ENABLE", none, choice, 0, 0, 0, false, "Y|N"},
    {"CFG_STANDARD_FILE_PATH", none, plain, 0, 500, 0, true},
    {"CFG_PRODUCT_FILE_PATH", none, plain, 0, 500, 0, true},
    {"CFG_MASTER_FILE_PATH", none, plain, 0, 500, 0, true},
    {"CFG_FILE_KEY1", none, plain, 32, 32, 0, true},
    {"CFG_FILE_KEY2", none, plain, 32, 32, 0, true},
    {"CFG_FILE_KEY3", none, plain, 32, 32, 0, true},
    {"CFG_FILE_KEY_LENGTH", none, choice, 0, 0, 0, false, "128|192|256"},
    {"CFG_CYCLIC", none, choice, 0, 0, 0, false, "Y|N"},
    {"CFG_CYCLIC_INTVL", none, number, 1, 40320},
    {"CFG_RTRY_INTVL", none, number, 1, 1440},
    {"CFG_RESYNC_TIME", none, clock, 0, 5, 0, true},
    {"CFG_RESYNC_FROM_SIP", none, plain, 0, 15},
    {"LLDP_ENABLE", none, choice, 0, 0, 0, false, "Y|N"},
    {"LLDP_INTERVAL", none, number, 1, 3600},
    {"LLDP_VLAN_ID_PC", none, number, 0, 4094},
    {"LLDP_VLAN_PRI_PC", none, number, 0, 7},
    {"VLAN_ENABLE", none, choice, 0, 0, 0, false, "Y|N"},
    {"VLAN_ID_IP_PHONE", none, number, 1, 4094},
    {"VLAN_PRI_IP_PHONE", none, number, 0, 7},
    {"VLAN_ID_PC", none, number, 1, 4094},
    {"VLAN_PRI_PC", none, number, 0, 7},
    {"HTTPD_PORTOPEN_AUTO", none, choice, 0, 0, 0, false, "Y|N"},
    {"HTTP_VER", none, choice, 0, 0, 0, false, "0|1"},
    {"HTTP_USER_AGENT", none, plain, 0, 40},
    {"HTTP_SSL_VERIFY", none, choice, 0, 0, 0, false, "0|1|2"},
    {"CFG_ROOT_CERTIFICATE_PATH", none, plain, 0, 500, 0, true},
    {"NTP_ADDR", none, host, 0, 127, 0, true},
    {"TIME_SYNC_INTVL", none, number, 10, 86400},
    {"TIME_QUERY_INTVL", none, number, 10, 86400},
    {"STUN_SERV_ADDR", none, host, 0, 127, 0, true},
    {"STUN_SERV_PORT", none, number, 1, 65535},
    {"STUN_2NDSERV_ADDR", none, ipv4, 0, 15, 0, true},
    {"STUN_2NDSERV_PORT", none, number, 1, 65535},
    {"NW_SETTING_ENABLE", none, choice, 0, 0, 0, false, "Y|N"},
    {"CUSTOM_WEB_PAGE", none, choice, 0, 0, 0, false, "0|1"},
    {"VM_SUBSCRIBE_ENABLE", none, choice, 0, 0, 0, false, "Y|N"},
    {"CONFERENCE_SERVER_URI", none, sip_uri, 0, 195, 0, true},
    {"FIRSTDIGIT_TIM", none, number, 1, 600},
    {"INTDIGIT_TIM", none, number, 1, 15},
    {"MACRODIGIT_TIM", none, number, 1, 15},
    {"INTERNATIONAL_ACCESS_CODE", none, dial, 0, 8, 0, true},
    {"COUNTRY_CALLING_CODE", none, digits, 0, 8, 0, true},
    {"NATIONAL_ACCESS_CODE", none, dial, 0, 8, 0, true},
    {"DEFAULT_LINE_SELECT", none, number, 1, 6},
    {"DATA_LINE_MODE", none, choice, 0, 0, 0, false, "Y|N"},
    {"NUM_PLAN_PICKUP_DIRECT", none, dial, 0, 4, 0, true},
    {"TALK_PACKAGE", none, choice, 0, 0, 0, false, "Y|N"},
    {"HOLD_PACKAGE", none, choice, 0, 0, 0, false, "Y|N"},
    {"HOLD_RECALL_TIM", none, number, 0, 240},
    {"AUTO_ANS_RING_TIM", none, number, 0, 15},
    {"RINGING_OFF_SETTING_ENABLE", none, choice, 0, 0, 0, false, "Y|N"},
    {"AUTO_CALL_HOLD", none, choice, 0, 0, 0, false, "Y|N"},
    {"REDIALKEY_CALLLOG_ENABLE", none, choice, 0, 0, 0, false, "Y|N"},
    {"ONHOOK_TRANSFER_ENABLE", none, choice, 0, 0, 0, false, "Y|N"},
    {"DISCONNECTION_MODE", none, choice, 0, 0, 0, false, "1|2"},
    {"TONE_LEN_DISCONNECT_HANDSET", none, number, 1, 15},
    {"TONE_LEN_DISCONNECT_HANDSFREE", none, number, 1, 15},
    {"KEY_PAD_TONE", none, choice, 0, 0, 0, false, "Y|N"},
    {"DDI_ICD_GROUP_DISPLAY", none, choice, 0, 0, 0, false, "0|1|2|3"},
    {"DIAL_TONE1_FRQ", none, list, 200, 2000, 2, false, "0"},
    {"DIAL_TONE1_GAIN", none, number, -24, 6},
    {"DIAL_TONE1_TIMING", none, list, 0, 16000, 10, false},
    {"DIAL_TONE2_FRQ", none, list, 200, 2000, 2, false, "0"},
    {"DIAL_TONE2_GAIN", none, number, -24, 6},
    {"DIAL_TONE2_TIMING", none, list, 0, 16000, 10, false},
    {"DIAL_TONE4_FRQ", none, list, 200, 2000, 4, false, "0"},
    {"DIAL_TONE4_GAIN", none, number, -24, 6},
    {"DIAL_TONE4_TIMING", none, list, 0, 16000, 22, false},
    {"BUSY_TONE_FRQ", none, list, 200, 2000, 2, false, "0"},
    {"BUSY_TONE_GAIN", none, number, -24, 6},
    {"BUSY_TONE_TIMING", none, list, 0, 16000, 10, false},
    {"REORDER_TONE_FRQ", none, list, 200, 2000, 2, false, "0"},
    {"REORDER_TONE_GAIN", none, number, -24, 6},
    {"REORDER_TONE_TIMING", none, list, 0, 16000, 10, false},
    {"RINGBACK_TONE_FRQ", none, list, 200, 2000, 2, false, "0"},
    {"RINGBACK_TONE_GAIN", none, number, -24, 6},
    {"RINGBACK_TONE_TIMING", none, list, 0, 16000, 10, false},
    {"HOLD_ALARM_FRQ", none, list, 200, 2000, 2, false, "0"},
    {"HOLD_ALARM_GAIN", none, number, -24, 6},
    {"HOLD_ALARM_TIMING", none, list, 0, 16000, 10, false},
    {"CW_TONE1_FRQ", none, list, 200, 2000, 2, false, "0"},
    {"CW_TONE1_GAIN", none, number, -24, 6},
    {"CW_TONE1_TIMING", none, list, 0, 16000, 10, false},
    {"HOLD_TONE_FRQ", none, list, 200, 2000, 2, false, "0"},
    {"HOLD_TONE_GAIN", none, number, -24, 6},
    {"HOLD_TONE_TIMING", none, list, 0, 16000, 10, false},
    {"DISPLAY_NAME_REPLACE", none, choice, 0, 0, 0, false, "Y|N"},
    {"NUMBER_MATCHING_LOWER_DIGIT", none, number, 0, 15},
    {"NUMBER_MATCHING_UPPER_DIGIT", none, number, 0, 15},
    {"DISPLAY_DATE_PATTERN", none, choice, 0, 0, 0, false, "0|1|2"},
    {"DISPLAY_TIME_PATTERN", none, choice, 0, 0, 0, false, "0|1|2"},
    {"DEFAULT_LANGUAGE", none, choice, 0, 0, 0, false, "en-US|en-GB|de|fr|fr-CA|it|es|nl|ru|ja"},
    {"POUND_KEY_DELIMITER_ENABLE", none, choice, 0, 0, 0, false, "Y|N"},
    {"WALLPAPER_URI_HOME", none, plain, 0, 500, 0, true},
    {"WALLPAPER_URI_PHONE", none, plain, 0, 500, 0, true},
    {"LOGO_URI_PHONE", none, plain, 0, 500, 0, true},
    {"FLEX_BUTTON_FACILITY_ACT", button, choice, 0, 0, 0, true,
     "X_PANASONIC_IPTEL_DN|X_PANASONIC_IPTEL_HEADSET|X_PANASONIC_IPTEL_CONTACT|X_PANASONIC_IPTEL_"
     "ONETOUCH"},
    {"FLEX_BUTTON_FACILITY_ARG", button, plain, 0, 32, 0, true},
    {"FLEX_BUTTON_LABEL", button, unicode, 0, 10, 0, true, "", 1, 30},
    {"CODEC_G711_REQ", none, choice, 0, 0, 0, false, "0|1"},
    {"CODEC_G729_PARAM", none, choice, 0, 0, 0, false, "0|1"},
    {"CODEC_ENABLE", codec, choice, 0, 0, 0, false, "Y|N"},
    {"CODEC_PRIORITY", codec, number, 1, 255},
    {"DSCP_RTP_", line, number, 0, 63},
    {"DSCP_RTCP_", line, number, 0, 63},
    {"RTCP_INTVL_", line, number, 5, 65535},
    {"MAX_DELAY_", line, number, 3, 50},
    {"MIN_DELAY_", line, number, 1, 2},
    {"NOM_DELAY_", line, number, 1, 7},
    {"RTP_PORT_MIN", none, number, 1024, 48750, 0, false, "", 2},
    {"RTP_PORT_MAX", none, number, 1424, 49150, 0, false, "", 2},
    {"RTP_PTIME", none, choice, 0, 0, 0, false, "20|30|40"},
    {"RTCP_ENABLE_", line, choice, 0, 0, 0, false, "Y|N"},
    {"RTCP_SEND_BY_SDP_", line, choice, 0, 0, 0, false, "0|1"},
    {"RTP_CLOSE_ENABLE_", line, choice, 0, 0, 0, false, "Y|N"},
    {"OUTBANDDTMF_", line, choice, 0, 0, 0, false, "Y|N"},
    {"DTMF_RELAY_", line, choice, 0, 0, 0, false, "Y|N"},
    {"TELEVENT_PAYLOAD", none, number, 96, 127},
    {"RFC2543_HOLD_ENABLE_", line, choice, 0, 0, 0, false, "Y|N"},
    {"DTMF_SIGNAL_LEN", none, number, 60, 200, 0, false, "", 5},
    {"DTMF_INTDIGIT_TIM", none, number, 60, 200, 0, false, "", 5},
    {"DISPLAY_NAME_", line, unicode, 0, 24, 0, true},
    {"VM_NUMBER_", line, plain, 0, 32, 0, true},
    {"DIAL_PLAN_", line, dial_plan, 0, 500, 0, true},
    {"DIAL_PLAN_NOT_MATCH_ENABLE_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SHARED_CALL_ENABLE_", line, choice, 0, 0, 0, false, "Y|N"},
    {"FWD_DND_SYNCHRO_ENABLE_", line, choice, 0, 0, 0, false, "Y|N"},
    {"RESOURCELIST_URI_", line, sip_uri, 0, 195, 0, true},
    {"CW_ENABLE_", line, choice, 0, 0, 0, false, "Y|N"},
    {"FLASH_RECALL_TERMINATE", none, choice, 0, 0, 0, false, "Y|N"},
    {"FLASHHOOK_CONTENT_TYPE", none, choice, 0, 0, 0, false, "Signal|flashhook"},
    {"VOICE_MESSAGE_AVAILABLE", none, choice, 0, 0, 0, false, "Y|N"},
    {"SIP_USER_AGENT", none, plain, 0, 40},
    {"PHONE_NUMBER_", line, plain, 0, 32, 0, true},
    {"SIP_URI_", line, sip_uri, 0, 195, 0, true},
    {"LINE_ENABLE_", line, choice, 0, 0, 0, false, "Disabled|Enabled"},
    {"PROFILE_ENABLE", line, choice, 0, 0, 0, false, "Disabled|Enabled"},
    {"SIP_AUTHID_", line, credential, 0, 64, 0, true},
    {"SIP_PASS_", line, credential, 0, 64, 0, true},
    {"SIP_SRC_PORT_", line, number, 1024, 49151},
    {"SIP_PRXY_ADDR_", line, host, 0, 127, 0, true},
    {"SIP_PRXY_PORT_", line, number, 1, 65535},
    {"SIP_RGSTR_ADDR_", line, host, 0, 127, 0, true},
    {"SIP_RGSTR_PORT_", line, number, 1, 65535},
    {"SIP_SVCDOMAIN_", line, plain, 0, 127, 0, true},
    {"REG_EXPIRE_TIME_", line, number, 1, 4294967295},
    {"REG_INTERVAL_RATE_", line, number, 1, 100},
    {"SIP_SESSION_TIME_", line, number, 60, 65535, 0, false, "0"},
    {"SIP_SESSION_METHOD_", line, choice, 0, 0, 0, false, "0|1|2"},
    {"DSCP_SIP_", line, number, 0, 63},
    {"SIP_2NDPROXY_ADDR_", line, ipv4, 0, 15, 0, true},
    {"SIP_2NDPROXY_PORT_", line, number, 1, 65535},
    {"SIP_2NDRGSTR_ADDR_", line, ipv4, 0, 15, 0, true},
    {"SIP_2NDRGSTR_PORT_", line, number, 1, 65535},
    {"SIP_TIMER_T1_", line, choice, 0, 0, 0, false, "250|500|1000|2000|4000"},
    {"SIP_TIMER_T2_", line, choice, 0, 0, 0, false, "2|4|8|16|32"},
    {"SIP_TIMER_T4_", line, choice, 0, 0, 0, false, "0|1|2|3|4|5"},
    {"SIP_FOVR_NORSP_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SIP_FOVR_MAX_", line, number, 1, 4},
    {"SIP_REFRESHER_", line, choice, 0, 0, 0, false, "0|1|2"},
    {"SIP_DNSSRV_ENA_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SIP_UDP_SRV_PREFIX_", line, plain, 0, 32, 0, true},
    {"SIP_TCP_SRV_PREFIX_", line, plain, 0, 32, 0, true},
    {"SIP_100REL_ENABLE_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SIP_INVITE_EXPIRE_", line, number, 60, 65535, 0, false, "0"},
    {"SIP_18X_RTX_INTVL_", line, number, 1, 600, 0, false, "0"},
    {"SIP_PRSNC_ADDR_", line, host, 0, 127, 0, true},
    {"SIP_PRSNC_PORT_", line, number, 1, 65535},
    {"SIP_2NDPRSNC_ADDR_", line, ipv4, 0, 15, 0, true},
    {"SIP_2NDPRSNC_PORT_", line, number, 1, 65535},
    {"USE_DEL_REG_OPEN_", line, choice, 0, 0, 0, false, "Y|N"},
    {"USE_DEL_REG_CLOSE_", line, choice, 0, 0, 0, false, "Y|N"},
    {"PORT_PUNCH_INTVL_", line, number, 10, 300, 0, false, "0"},
    {"SIP_ADD_RPORT_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SIP_REQURI_PORT_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SIP_SUBS_EXPIRE_", line, number, 1, 4294967295},
    {"SUB_RTX_INTVL_", line, number, 10, 86400},
    {"REG_RTX_INTVL_", line, number, 10, 86400},
    {"SIP_P_PREFERRED_ID_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SIP_PRIVACY_", line, choice, 0, 0, 0, false, "Y|N"},
    {"ADD_USER_PHONE_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SDP_USER_ID_", line, credential, 0, 32, 0, true},
    {"SUB_INTERVAL_RATE_", line, number, 1, 100},
    {"SIP_OUTPROXY_ADDR_", line, host, 0, 127, 0, true},
    {"SIP_OUTPROXY_PORT_", line, number, 1, 65535},
    {"SIP_TRANSPORT_", line, choice, 0, 0, 0, false, "0|1"},
    {"SIP_ANM_DISPNAME_", line, choice, 0, 0, 0, false, "0|1|2"},
    {"SIP_ANM_USERNAME_", line, choice, 0, 0, 0, false, "0|1|2"},
    {"SIP_ANM_HOSTNAME_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SIP_DETECT_SSAF_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SIP_RCV_DET_HEADER_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SIP_CONTACT_ON_ACK_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SIP_TIMER_B_", line, number, 250, 64000},
    {"SIP_TIMER_D_", line, number, 250, 64000, 0, false, "0"},
    {"SIP_TIMER_F_", line, number, 250, 64000},
    {"SIP_TIMER_H_", line, number, 250, 64000},
    {"SIP_TIMER_J_", line, number, 250, 64000, 0, false, "0"},
    {"ADD_TRANSPORT_UDP_", line, choice, 0, 0, 0, false, "Y|N"},
    {"ADD_EXPIRES_HEADER_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SIP_HOLD_HOLDRECEIVE_", line, choice, 0, 0, 0, false, "Y|N"},
    {"SIP_ADD_DIVERSION_", line, choice, 0, 0, 0, false, "0|1|2"},
    {"SIP_RESPONSE_CODE_DND", none, number, 400, 699},
    {"SIP_RESPONSE_CODE_CALL_REJECT", none, number, 400, 699},
}};

/// Takes a number of `least` to `most` off the end, without leading zeros.
std::optional<std::uint64_t>
take_number(std::string_view& text, std::uint64_t least, std::uint64_t most) noexcept {
    const auto length = text.size() - (text.find_last_not_of("0123456789") + 1);
    const auto value = base::parse_number(text.substr(text.size() - length));
    const bool padded = length > 1 && text[text.size() - length] == '0';
    if (!value || padded || *value < least || *value > most) {
        return std::nullopt;
    }
    text.remove_suffix(length);
    return *value;
}

bool takes_codec(std::string_view& name) noexcept {
    if (!take_number(name, 1, 6) || name.empty() || name.back() != '_') {
        return false;
    }
    name.remove_suffix(1);
    const auto codec = take_number(name, 0, 4);
    return codec && *codec != 2;
}

bool has_name(const PanasonicParameter& row, std::string_view name) noexcept {
    if (name.substr(0, row.name.size()) != row.name) {
        return false;
    }
    switch (row.suffix) {
    case none:
        break;
    case line:
        return take_number(name, 1, 6) && name == row.name;
    case button:
        return take_number(name, 1, 24) && name == row.name;
    case codec:
        return takes_codec(name) && name == row.name;
    }
    return name == row.name;
}

bool is_choice(std::string_view choices, std::string_view value) noexcept {
    while (!choices.empty()) {
        const auto bar = std::min(choices.find('|'), choices.size());
        if (choices.substr(0, bar) == value) {
            return true;
        }
        choices.remove_prefix(std::min(bar + 1, choices.size()));
    }
    return false;
}

/// Guide §5.2.2: digits and perhaps a minus in front, nothing else.
bool is_number(const PanasonicParameter& row, std::string_view text) noexcept {
    if (is_choice(row.choices, text)) {
        return true;
    }
    std::int64_t value = 0;
    const auto* end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(text.data(), end, value);
    return problem == std::errc() && rest == end && value >= row.low && value <= row.high &&
           value % row.step == 0;
}

bool is_list(const PanasonicParameter& row, std::string_view text) noexcept {
    int count = 0;
    for (bool more = true; more; ++count) {
        const auto comma = text.find(',');
        more = comma != std::string_view::npos;
        if (!is_number(row, text.substr(0, comma))) {
            return false;
        }
        text.remove_prefix(more ? comma + 1 : text.size());
    }
    return count <= row.items;
}

/// As printed in the guide, 9 for a digit.
bool has_shape(std::string_view text, std::string_view shape) noexcept {
    return std::equal(text.begin(), text.end(), shape.begin(), shape.end(), [](char c, char like) {
        return like == '9' ? c >= '0' && c <= '9' : c == like;
    });
}

bool holds_only(std::string_view text, PanasonicParameter::Form form) noexcept {
    return std::all_of(text.begin(), text.end(), [form](char c) {
        const bool printable = c >= ' ' && c < 127 && c != '"';
        switch (form) {
        case credential:
            return printable && std::string_view("&':<> ").find(c) == std::string_view::npos;
        case dial:
            return std::string_view("0123456789*#").find(c) != std::string_view::npos;
        case digits:
            return c >= '0' && c <= '9';
        case unicode:
            return printable || static_cast<unsigned char>(c) >= 0x80;
        default:
            return printable;
        }
    });
}

std::int64_t characters(std::string_view text) noexcept {
    return std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; // not inside a UTF-8 character
    });
}

/// RFC 1123 2.1, and the underscore, which networks use all the same. What looks like an address
/// is one.
bool is_host(std::string_view text) noexcept {
    if (text.find_first_not_of("0123456789.") == std::string_view::npos) {
        return base::Ipv4::parse(text).has_value();
    }
    for (bool more = true; more;) {
        const auto dot = text.find('.');
        const auto label = text.substr(0, dot);
        more = dot != std::string_view::npos;
        text.remove_prefix(more ? dot + 1 : text.size());
        const bool plain = std::all_of(label.begin(), label.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '-' || c == '_';
        });
        if (label.empty() || label.size() > 63 || !plain || label.front() == '-' ||
            label.back() == '-') {
            return false;
        }
    }
    return true;
}

/// Guide §5.8.2: "sip:", 1 to 63 characters, @, a host of 1 to 127.
bool is_sip_uri(std::string_view text) noexcept {
    constexpr std::string_view scheme = "sip:";
    const auto rest = text.substr(std::min(scheme.size(), text.size()));
    const auto at = rest.find('@');
    return text.substr(0, scheme.size()) == scheme && at != std::string_view::npos && at > 0 &&
           at <= 63 && rest.find_first_of("&':;<> ") == std::string_view::npos &&
           rest.size() - at - 1 <= 127 && is_host(rest.substr(at + 1));
}

/// What a text of that form looks like, empty when this one does.
std::string_view missed_shape(PanasonicParameter::Form form, std::string_view text) {
    switch (form) {
    case version:
        return has_shape(text, "99.999") && text <= "15.999" ? "" : "NN.NNN, 00.000 to 15.999";
    case clock:
        return has_shape(text, "99:99") && text <= "23:59" && text.substr(3) <= "59"
                   ? ""
                   : "HH:MM, 00:00 to 23:59";
    case host:
        return is_host(text) ? "" : "a host name or an IPv4 address, without a port";
    case ipv4:
        return base::Ipv4::parse(text) ? "" : "an IPv4 address";
    case sip_uri:
        return is_sip_uri(text) ? "" : "sip:user@host, without a port";
    case dial_plan:
        return is_dial_plan(text) ? "" : "a dial plan, like [2-9]xxx|0x.";
    default:
        return "";
    }
}

base::Status judge_text(const PanasonicParameter& row, std::string_view value) {
    if (!holds_only(value, row.form)) {
        return base::fail(Errc::malformed, "holds a character this parameter does not take");
    }
    if (characters(value) < row.low || characters(value) > row.high) {
        return base::fail(Errc::malformed, "has {} characters, not {} to {}", characters(value),
                          row.low, row.high);
    }
    if (value.size() > row.most_bytes) {
        return base::fail(Errc::malformed, "has {} bytes, not up to {}", value.size(),
                          row.most_bytes);
    }
    if (const auto shape = missed_shape(row.form, value); !shape.empty()) {
        return base::fail(Errc::malformed, "is not of the form {}", shape);
    }
    return {};
}

} // namespace

const PanasonicParameter* find_panasonic_parameter(std::string_view name) noexcept {
    const auto* const found =
        std::find_if(parameters.begin(), parameters.end(),
                     [name](const PanasonicParameter& row) { return has_name(row, name); });
    return found == parameters.end() ? nullptr : found;
}

base::Status judge_value(const PanasonicParameter& parameter, std::string_view value) {
    if (value.empty()) {
        return parameter.may_be_empty ? base::Status()
                                      : base::fail(Errc::malformed, "must not be empty");
    }
    switch (parameter.form) {
    case choice:
        return is_choice(parameter.choices, value)
                   ? base::Status()
                   : base::fail(Errc::malformed, "is none of {}", parameter.choices);
    case number:
        return is_number(parameter, value)
                   ? base::Status()
                   : base::fail(Errc::malformed, "is no number from {} to {}{}", parameter.low,
                                parameter.high,
                                parameter.step == 1
                                    ? ""
                                    : fmt::format(" that is a multiple of {}", parameter.step));
    case list:
        return is_list(parameter, value)
                   ? base::Status()
                   : base::fail(Errc::malformed, "is no list of up to {} numbers from {} to {}",
                                parameter.items, parameter.low, parameter.high);
    default:
        return judge_text(parameter, value);
    }
}

bool fits_action(std::string_view action, std::string_view argument) noexcept {
    if (action == "X_PANASONIC_IPTEL_DN") { // ring tone, line
        if (!take_number(argument, 1, 6) || argument.empty() || argument.back() != ',') {
            return false;
        }
        argument.remove_suffix(1);
        return take_number(argument, 1, 32) && argument.empty();
    }
    if (action == "X_PANASONIC_IPTEL_CONTACT" || action == "X_PANASONIC_IPTEL_ONETOUCH") {
        return !argument.empty() && argument.size() <= 32 &&
               argument.find_first_not_of("0123456789*#+") == std::string_view::npos;
    }
    return argument.empty(); // a headset, or nothing at all
}

} // namespace phone
