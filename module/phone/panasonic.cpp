// SPDX-License-Identifier: MIT
// A KX-UT670's parameters as its URLs, intervals, lines and dialling (guide §5.4 to §5.8).
#include "module/phone/panasonic.hpp"

#include "module/phone/panasonic_file.hpp"
#include "module/phone/url.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>

namespace phone {

namespace {

constexpr int lines = 6;
constexpr std::string_view default_user_agent = "Panasonic_{MODEL}/{fwver} ({mac})"; // §5.5.2
constexpr std::size_t longest_url = 500;                                             // §5.4.5
constexpr std::size_t longest_location = 244;   // of it without user and password
constexpr std::size_t longest_credential = 127; // user or password

bool is_on(const Values& values, std::string_view name, bool otherwise) {
    return text_of(values, name, otherwise ? "Y" : "N") == "Y";
}

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
}

/// Guide §5.4.5: exactly these four spellings.
std::string expand(std::string text, const Identity& phone) {
    const std::array<std::pair<std::string_view, std::string>, 4> macros{{
        {"{mac}", phone.mac.str()},
        {"{MAC}", upper(phone.mac.str())},
        {"{MODEL}", phone.model},
        {"{fwver}", phone.version},
    }};
    for (const auto& [macro, value] : macros) {
        for (auto at = text.find(macro); at != std::string::npos;
             at = text.find(macro, at + value.size())) {
            text.replace(at, macro.size(), value);
        }
    }
    return text;
}

/// Guide §5.4.5, RFC 1738: the lengths are those of the URL as it is fetched.
std::string fault_of(std::string_view url) {
    const auto behind_scheme = url.find("://");
    const auto start = behind_scheme == std::string_view::npos ? 0 : behind_scheme + 3;
    const auto authority = url.substr(start, url.find('/', start) - start);
    const auto login = authority.substr(0, std::min(authority.rfind('@') + 1, authority.size()));
    const auto colon = login.find(':');
    const auto location = url.size() - login.size();
    if (url.size() > longest_url || location > longest_location) {
        return "the URL is too long";
    }
    // No colon at all is further away than any.
    if (!login.empty() &&
        (colon > longest_credential || login.size() - colon - 2 > longest_credential)) {
        return "the URL has no user:password@ this phone takes";
    }
    if (url.find_first_of("{}") != std::string_view::npos) {
        return "braces in the URL that are no macro";
    }
    if (!is_fetchable(url) && !is_tftp(url)) {
        return "neither http, https nor tftp with a host, and ftp is not played";
    }
    const auto ending = url.substr(std::min(url.rfind('.'), url.size()));
    if (ending == ".e1c" || ending == ".e2c" || ending == ".e3c") {
        return "encrypted files are not played";
    }
    return {};
}

/// `name` is what the phone adds behind a final slash.
FileUrl file_url(const Values& values,
                 std::string_view parameter,
                 std::string_view name,
                 const Identity& phone) {
    FileUrl file{text_of(values, parameter), {}};
    if (!file.url.empty()) {
        file.url = expand(file.url + (file.url.back() == '/' ? std::string(name) : ""), phone);
        file.fault = fault_of(file.url);
    }
    return file;
}

/// HH:MM as minutes since midnight.
std::optional<std::chrono::minutes> time_of_day(const Values& values) {
    const auto shown = text_of(values, "CFG_RESYNC_TIME");
    const auto hours = base::parse_number(shown.substr(0, shown.find(':')));
    const auto minutes =
        base::parse_number(shown.substr(std::min(shown.find(':') + 1, shown.size())));
    if (!hours || !minutes) {
        return std::nullopt;
    }
    return std::chrono::minutes(*hours * 60 + *minutes);
}

Provisioning provisioning(const Values& values, const Identity& phone) {
    Provisioning plan;
    plan.boot_file = phone.model + ".cfg";
    plan.asks_option66 = is_on(values, "OPTION66_ENABLE", true);
    plan.enabled = is_on(values, "PROVISION_ENABLE", true);
    plan.master = file_url(values, "CFG_MASTER_FILE_PATH", "sip.cfg", phone);
    plan.product = file_url(values, "CFG_PRODUCT_FILE_PATH", "{MODEL}.cfg", phone);
    plan.standard = file_url(values, "CFG_STANDARD_FILE_PATH", "Config{mac}.cfg", phone);
    plan.cyclic = is_on(values, "CFG_CYCLIC", false);
    plan.interval = std::chrono::minutes(number_of(values, "CFG_CYCLIC_INTVL", 10080));
    plan.retry = std::chrono::minutes(number_of(values, "CFG_RTRY_INTVL", 30));
    plan.daily = time_of_day(values);
    plan.has_clock = !text_of(values, "NTP_ADDR").empty();
    plan.event = text_of(values, "CFG_RESYNC_FROM_SIP", "check-sync");
    plan.user_agent = expand(text_of(values, "HTTP_USER_AGENT", default_user_agent), phone);
    plan.http10 = text_of(values, "HTTP_VER", "1") == "1";
    plan.upgrades = is_on(values, "FIRM_UPGRADE_ENABLE", true);
    plan.firmware = text_of(values, "FIRM_VERSION");
    plan.firmware_file = file_url(values, "FIRM_FILE_PATH", "", phone);
    if (!plan.firmware_file.url.empty() && !base::istarts_with(plan.firmware_file.url, "http:")) {
        plan.firmware_file.fault = "firmware comes by http, and ftp is not played"; // §7.1
    }
    return plan;
}

std::string sip_user_agent(const Identity& phone, const Values& values) {
    return expand(text_of(values, "SIP_USER_AGENT", default_user_agent), phone);
}

/// The values of one line: its number stands behind the name.
class LineValues {
  public:
    LineValues(const Values& values, int line) : values_(values), line_(line) {}

    std::string text(std::string_view name, std::string_view otherwise = "") const {
        return text_of(values_, fmt::format("{}{}", name, line_), otherwise);
    }

    std::uint64_t number(std::string_view name, std::uint64_t otherwise) const {
        return number_of(values_, fmt::format("{}{}", name, line_), otherwise);
    }

    /// host:port of a server, empty when it has no address.
    std::string server(std::string_view name) const {
        const auto host = text(fmt::format("{}_ADDR_", name));
        return host.empty()
                   ? ""
                   : fmt::format("{}:{}", host, number(fmt::format("{}_PORT_", name), 5060));
    }

    bool is_enabled() const { // §5.8.2: the second name has no underscore
        return text("LINE_ENABLE_", "Enabled") == "Enabled" &&
               text("PROFILE_ENABLE", "Enabled") == "Enabled";
    }

  private:
    const Values& values_;
    int line_;
};

Account account_of(const LineValues& values, int line) {
    Account account;
    account.line = line;
    account.user = values.text("PHONE_NUMBER_");
    auto domain = values.text("SIP_SVCDOMAIN_");
    if (account.user.empty()) { // "sip:user@host", for who is no phone number
        const auto uri = values.text("SIP_URI_");
        const auto at = std::min(uri.find('@'), uri.size());
        account.user = uri.substr(0, at).substr(std::min<std::size_t>(4, at));
        domain = at < uri.size() ? uri.substr(at + 1) : domain;
    }
    account.login = values.text("SIP_AUTHID_"); // the guide knows no fallback
    account.password = base::Secret(values.text("SIP_PASS_"));
    account.display_name = values.text("DISPLAY_NAME_");
    auto registrar = values.server("SIP_RGSTR");
    registrar = registrar.empty() ? values.server("SIP_PRXY") : registrar;
    const auto outbound = values.server("SIP_OUTPROXY");
    account.server = domain.empty() ? registrar : domain;
    account.proxy = !outbound.empty() ? outbound : domain.empty() ? "" : registrar;
    account.transport = values.text("SIP_TRANSPORT_", "0") == "0" ? "UDP" : "TCP";
    account.expires = values.number("REG_EXPIRE_TIME_", 3600);
    account.local_port = static_cast<std::uint16_t>(
        values.number("SIP_SRC_PORT_", 5050U + 10U * static_cast<unsigned>(line)));
    account.try_again_after = std::chrono::seconds(values.number("REG_RTX_INTVL_", 10));
    account.is_final_403 = true; // §5.8.2
    account.hears_server_only = values.text("SIP_DETECT_SSAF_", "N") == "Y";
    if (registrar.empty()) {
        account.server.clear();
    }
    return account;
}

/// Both switches are on from the factory, so a line without a user is one that nobody uses.
std::vector<Account> accounts(const Values& values) {
    std::vector<Account> result;
    for (int line = 1; line <= lines; ++line) {
        const LineValues of_line(values, line);
        auto account = account_of(of_line, line);
        if (of_line.is_enabled() && !account.user.empty()) {
            result.push_back(std::move(account));
        }
    }
    return result;
}

DialRules dial_rules(const Values& values, int line) {
    const LineValues of_line(values, line);
    DialRules rules;
    rules.plan = of_line.text("DIAL_PLAN_");
    rules.blocks_others = of_line.text("DIAL_PLAN_NOT_MATCH_ENABLE_", "N") == "Y"; // Y blocks
    rules.pound_ends = is_on(values, "POUND_KEY_DELIMITER_ENABLE", true);
    rules.inter_digit = std::chrono::seconds(number_of(values, "INTDIGIT_TIM", 5));
    rules.macro_digits = std::chrono::seconds(number_of(values, "MACRODIGIT_TIM", 5));
    return rules;
}

Dialled dial_by_plan(const Values& values, int line, std::string_view keyed) {
    return dial(dial_rules(values, line), keyed);
}

} // namespace

const Vendor& panasonic() noexcept {
    static constexpr Vendor vendor{.name = "panasonic",
                                   .title = "Panasonic",
                                   .model = "KX-UT670",
                                   .version = "01.070",
                                   .pnp_port = 0,
                                   .sip_user_agent = sip_user_agent,
                                   .accounts = accounts,
                                   .provisioning = provisioning,
                                   .read_strictly = read_panasonic_file,
                                   .dial = dial_by_plan};
    return vendor;
}

} // namespace phone
