// SPDX-License-Identifier: MIT
// What the rules ask of the settings, and the rules about provisioning and the network.
#include "provisioning/profile/kx/rules.hpp"

#include "provisioning/base/net.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/kx/table.hpp"
#include "provisioning/profile/kx/value.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace profile::kx {
namespace {

constexpr std::array<std::string_view, 3> file_urls{
    "CFG_STANDARD_FILE_PATH", "CFG_PRODUCT_FILE_PATH", "CFG_MASTER_FILE_PATH"};

void warn(Report& report, std::string_view rule, const Effective& at, std::string what) {
    const Known* known = Table::shipped().find(at.name);
    report.add(Severity::warning, rule, spot_of(at), std::move(what), known->row->section);
}

void check_firmware(const Sent& sent, Report& report) {
    const Effective* version = sent.find("FIRM_VERSION");
    const Effective* path = sent.find("FIRM_FILE_PATH");
    const bool has_version = version != nullptr && !version->value.empty();
    const bool has_path = path != nullptr && !path->value.empty();
    if (has_version && !has_path) {
        warn(report, "R-FIRM", *version, "does nothing without FIRM_FILE_PATH");
    }
    if (has_path && !has_version) {
        warn(report, "R-FIRM", *path, "does nothing without FIRM_VERSION");
    }
    const Effective* enable = sent.find("FIRM_UPGRADE_ENABLE");
    if (enable != nullptr && enable->value == "N" && (has_version || has_path)) {
        warn(report, "R-FIRM", *enable,
             "keeps the phone from the firmware that FIRM_VERSION and FIRM_FILE_PATH name");
    }
}

void check_resync(const Sent& sent, Report& report) {
    const bool has_time = !sent.said("CFG_RESYNC_TIME").empty();
    const bool is_cyclic = sent.value("CFG_CYCLIC") == "Y";
    for (const std::string_view name : {"CFG_CYCLIC", "CFG_CYCLIC_INTVL", "CFG_RTRY_INTVL"}) {
        const Effective* one = sent.find(name);
        const bool is_switched_off = name == "CFG_CYCLIC" && !is_cyclic;
        if (one == nullptr || is_switched_off) {
            continue;
        }
        if (has_time) {
            warn(report, "R-RESYNC", *one, "has no effect while CFG_RESYNC_TIME is set");
        } else if (!is_cyclic) {
            warn(report, "R-RESYNC", *one, "has no effect without CFG_CYCLIC=\"Y\"");
        }
    }
}

/// 1 to 3 for a file that is encrypted by its ending, else 0 (guide §2.4.3.6).
int key_of_ending(std::string_view url) {
    for (int key = 1; key <= 3; ++key) {
        const std::string ending = fmt::format(".e{}c", key);
        if (url.size() > ending.size() &&
            base::iequals(url.substr(url.size() - ending.size()), ending)) {
            return key;
        }
    }
    return 0;
}

void check_key(const Sent& sent, const Effective& url, int key, Report& report) {
    const std::string name = fmt::format("CFG_FILE_KEY{}", key);
    const Effective* set = sent.find(name);
    if (set != nullptr && !set->value.empty()) {
        return;
    }
    bool has_other = false;
    for (int other = 1; other <= 3; ++other) {
        has_other = has_other || !sent.said(fmt::format("CFG_FILE_KEY{}", other)).empty();
    }
    const bool is_wrong = set != nullptr || has_other;
    report.add(
        is_wrong ? Severity::error : Severity::warning, "R-KEY", spot_of(url),
        fmt::format("a file that ends in .e{}c is decrypted with {}, which {}; the phone must "
                    "have it beforehand",
                    key, name, set != nullptr ? "is empty" : "no file sets"),
        "§2.4.3.6");
}

void check_keys(const Sent& sent, Report& report) {
    for (const std::string_view name : file_urls) {
        const Effective* url = sent.find(name);
        const int key = url == nullptr ? 0 : key_of_ending(url->value);
        if (key == 0) {
            continue;
        }
        check_key(sent, *url, key, report);
        if (url->value[url->value.size() - 3] != 'e' || url->value.back() != 'c') {
            report.add(Severity::warning, "R-KEY", spot_of(*url),
                       "the guide does not say that an ending in capitals counts", "§2.4.3.6");
        }
    }
}

void check_vlan(const Sent& sent, Report& report) {
    const bool has_effect = sent.value("NW_SETTING_ENABLE") == "N";
    for (const std::string_view name :
         {"VLAN_ENABLE", "VLAN_ID_IP_PHONE", "VLAN_PRI_IP_PHONE", "VLAN_ID_PC", "VLAN_PRI_PC"}) {
        const Effective* one = sent.find(name);
        if (one != nullptr && !has_effect) {
            warn(report, "R-VLAN", *one, "has no effect without NW_SETTING_ENABLE=\"N\"");
        }
    }
    const Effective* vlan = sent.find("VLAN_ENABLE");
    if (vlan != nullptr && vlan->value == "Y" && sent.said("LLDP_ENABLE") == "Y") {
        report.add(Severity::info, "R-VLAN", spot_of(*vlan),
                   "wins over what LLDP says, which is on too", "§1.1.3");
    }
}

void check_certificates(const Sent& sent, Report& report) {
    const Effective* verify = sent.find("HTTP_SSL_VERIFY");
    const bool verifies = verify != nullptr && (verify->value == "1" || verify->value == "2");
    if (verifies && sent.said("NTP_ADDR").empty()) {
        warn(report, "R-TLS", *verify,
             "nothing is verified without a clock; set NTP_ADDR, which has no default");
    }
    if (verifies && sent.said("CFG_ROOT_CERTIFICATE_PATH").empty()) {
        warn(report, "R-TLS", *verify, "wants the root certificate; set CFG_ROOT_CERTIFICATE_PATH");
    }
    if (sent.value("HTTP_SSL_VERIFY") != "0") {
        return;
    }
    for (const std::string_view name :
         {file_urls[0], file_urls[1], file_urls[2], std::string_view("FIRM_FILE_PATH"),
          std::string_view("CFG_ROOT_CERTIFICATE_PATH")}) {
        const Effective* url = sent.find(name);
        if (url != nullptr && base::istarts_with(url->value, "https:")) {
            report.add(Severity::info, "R-TLS", spot_of(*url),
                       "any certificate is accepted, since HTTP_SSL_VERIFY is 0", "§5.5.2");
        }
    }
}

/// A second server counts only beside a first one that is an address.
void check_second(const Sent& sent,
                  const std::string& second,
                  const std::string& first,
                  Report& report) {
    const Effective* one = sent.find(second);
    if (one != nullptr && !one->value.empty() && !base::Ipv4::parse(sent.value(first))) {
        warn(report, "R-2ND", *one, fmt::format("has no effect unless {} is an IP address", first));
    }
}

/// Whether the setting that `row` waits for has its value on line `n`, or for n = 0 on any.
bool is_met(const Parameter& row, unsigned n, const Sent& sent) {
    const auto lines = expand(row.when_name, row.when_name.ends_with("_n") ? "n=1-6" : "");
    return std::any_of(lines.begin(), lines.end(), [&](const Indexed& one) {
        return (n == 0 || one.n == 0 || one.n == n) && sent.value(one.name) == row.when_value;
    });
}

/// Tells of the first line alone, and of nothing that the phone has anyway.
void check_condition(const Parameter& row, const Sent& sent, bool is_whole_phone, Report& report) {
    for (const Indexed& one : expand(row.name, row.index)) {
        const Effective* set = sent.find(one.name);
        if (set == nullptr || set->value == Table::shipped().find(one.name)->factory_value() ||
            is_met(row, one.n, sent)) {
            continue;
        }
        const std::string wanted =
            one.n == 0
                ? fmt::format("{} of some line", row.when_name)
                : fmt::format("{}{}", row.when_name.substr(0, row.when_name.size() - 1), one.n);
        report.add(is_whole_phone ? Severity::warning : Severity::info, "R-WHEN", spot_of(*set),
                   fmt::format("has no effect unless {} is {}", wanted, row.when_value),
                   row.section);
        return;
    }
}

} // namespace

Spot spot_of(const Effective& setting) {
    return {setting.file, setting.line, setting.column, setting.name, setting.value};
}

Sent::Sent(const std::vector<Effective>& settings) {
    for (const Effective& one : settings) {
        settings_.emplace(one.name, &one);
    }
}

const Effective* Sent::find(std::string_view name) const {
    const auto at = settings_.find(name);
    return at == settings_.end() ? nullptr : at->second;
}

std::string_view Sent::said(std::string_view name) const {
    const Effective* one = find(name);
    return one == nullptr ? std::string_view() : std::string_view(one->value);
}

std::string_view Sent::value(std::string_view name) const {
    if (const Effective* one = find(name)) {
        return one->value;
    }
    const Known* known = Table::shipped().find(name);
    return known == nullptr ? std::string_view() : known->factory_value().value_or("");
}

std::optional<std::int64_t> Sent::number(std::string_view name) const {
    return read_integer(value(name));
}

const Effective* Sent::first_of(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names) {
        if (const Effective* one = find(name)) {
            return one;
        }
    }
    return nullptr;
}

void check_provisioning(const Sent& sent, bool is_whole_phone, Report& report) {
    const Effective* enable = sent.find("PROVISION_ENABLE");
    const Effective* url = sent.first_of({file_urls[0], file_urls[1], file_urls[2]});
    if (is_whole_phone && enable == nullptr && url != nullptr) {
        warn(report, "R-PROVISION", *url,
             "wants PROVISION_ENABLE=\"Y\" beside it: a phone where it was switched off fetches "
             "nothing");
    }
    if (const Effective* one = enable; one != nullptr && one->value == "N") {
        warn(report, "R-PROVISION", *one,
             "no file can undo this: only the phone's own web page switches provisioning on again");
    }
    check_resync(sent, report);
    check_keys(sent, report);
    check_firmware(sent, report);
}

void check_network(const Sent& sent, Report& report) {
    check_vlan(sent, report);
    if (const Effective* one = sent.find("HTTPD_PORTOPEN_AUTO");
        one != nullptr && one->value == "Y") {
        warn(report, "R-WEBPORT", *one, "keeps the phone's web server reachable for ever");
    }
    check_certificates(sent, report);
    check_second(sent, "STUN_2NDSERV_ADDR", "STUN_SERV_ADDR", report);
    for (unsigned n = 1; n <= most_lines; ++n) {
        for (const std::string_view what : {"PROXY", "RGSTR", "PRSNC"}) {
            check_second(sent, fmt::format("SIP_2ND{}_ADDR_{}", what, n),
                         fmt::format("SIP_{}_ADDR_{}", what == "PROXY" ? "PRXY" : what, n), report);
        }
        const Effective* filter = sent.find(fmt::format("SIP_DETECT_SSAF_{}", n));
        if (filter != nullptr && filter->value == "Y") {
            report.add(Severity::info, "R-NOTIFY", spot_of(*filter),
                       "a NOTIFY counts only from the line's registrar, proxy, presence server or "
                       "outbound proxy then",
                       "§5.8.2");
        }
    }
}

void check_conditions(const Sent& sent, bool is_whole_phone, Report& report) {
    for (const Parameter& row : Table::shipped().rows()) {
        constexpr std::array<std::string_view, 3> told{"CFG_CYCLIC", "FIRM_UPGRADE_ENABLE",
                                                       "NW_SETTING_ENABLE"};
        if (!row.when_name.empty() &&
            std::find(told.begin(), told.end(), row.when_name) == told.end()) {
            check_condition(row, sent, is_whole_phone, report);
        }
    }
}

void check_rules(const Sent& sent, bool is_whole_phone, Report& report) {
    check_provisioning(sent, is_whole_phone, report);
    check_conditions(sent, is_whole_phone, report);
    check_network(sent, report);
    check_media(sent, report);
    check_buttons(sent, report);
    check_lines(sent, is_whole_phone, report);
}

} // namespace profile::kx
