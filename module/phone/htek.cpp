// SPDX-License-Identifier: MIT
#include "module/phone/htek.hpp"

#include "module/phone/random.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/base/xml.hpp"

#include <algorithm>
#include <array>

namespace phone {

namespace {

using base::Errc;

constexpr std::size_t lines = 4;

/// The P-codes of one account, and of the profile that carries its server settings.
struct AccountCodes {
    std::string_view active, profile, user, login, password, display_name, port, random_port;
};

struct ProfileCodes {
    std::string_view server, proxy, transport, registers, minutes;
};

constexpr std::array<AccountCodes, lines> account_codes{{
    {"P271", "P24082", "P35", "P36", "P34", "P3", "P40", "P78"},
    {"P401", "P24083", "P735", "P736", "P734", "P703", "P740", "P778"},
    {"P501", "P24084", "P504", "P505", "P506", "P507", "P513", "P578"},
    {"P601", "P24085", "P604", "P605", "P606", "P607", "P613", "P678"},
}};

constexpr std::array<ProfileCodes, lines> profile_codes{{
    {"P47", "P48", "P130", "P31", "P32"},
    {"P747", "P748", "P830", "P731", "P732"},
    {"P502", "P503", "P930", "P510", "P512"},
    {"P602", "P603", "P1030", "P610", "P612"},
}};

constexpr std::array<std::uint16_t, lines> default_ports{5060, 5160, 5260, 5360};
constexpr std::array<std::string_view, 4> transports{"UDP", "TCP", "TLS", "DNS-SRV"};

/// The spelling without P-codes, as UC924U and UC926U templates write it; N stands for the
/// account's or the profile's number. The maker's misspellings are the names.
struct Name {
    std::string_view spelling;
    std::array<std::string_view, lines> codes;
};

constexpr std::array<Name, 21> numbered_names{{
    {"AccountN_Active", {"P271", "P401", "P501", "P601"}},
    {"AccountN_Profile", {"P24082", "P24083", "P24084", "P24085"}},
    {"AccountN_Label", {"P20000", "P20001", "P20002", "P20003"}},
    {"AccountN_SipUserId", {"P35", "P735", "P504", "P604"}},
    {"AccountN_AuthenticateID", {"P36", "P736", "P505", "P605"}},
    {"AccountN_AuthenticatePassword", {"P34", "P734", "P506", "P606"}},
    {"AccountN_DispalyName", {"P3", "P703", "P507", "P607"}},
    {"AccountN_LocalSipPort", {"P40", "P740", "P513", "P613"}},
    {"AccountN_UseRandomPort", {"P78", "P778", "P578", "P678"}},
    {"AccountN_Extension", {"P25110", "P25111", "P25112", "P25113"}},
    {"AccountN_VoiceMailId", {"P33", "P426", "P526", "P626"}},
    {"AccountN_DialPlan", {"P4200", "P4201", "P4202", "P4203"}},
    {"ProfileN_Sipserver", {"P47", "P747", "P502", "P602"}},
    {"ProfileN_OutboundProxy", {"P48", "P748", "P503", "P603"}},
    {"ProfileN_SipTransport", {"P130", "P830", "P930", "P1030"}},
    {"ProfileN_SipRegistration", {"P31", "P731", "P510", "P610"}},
    {"ProfileN_RegisterExpiration", {"P32", "P732", "P512", "P612"}},
    // Older firmware keeps the server settings with the account, under the same codes.
    {"AccountN_Sipserver", {"P47", "P747", "P502", "P602"}},
    {"AccountN_SipTransport", {"P130", "P830", "P930", "P1030"}},
    {"AccountN_SipRegistration", {"P31", "P731", "P510", "P610"}},
    {"AccountN_RegisterExpiration", {"P32", "P732", "P512", "P612"}},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 8> plain_names{{
    {"FirmwareUpGrade_ConfigServerPath", "P237"},
    {"FirmwareUpGrade_PnPActive", "P20165"},
    {"FirmwareUpGrade_SeverPnpPort", "P25073"},
    {"FirmwareUpGrade_UrgrateMode", "P212"},
    {"NW_Adv_UrlOrIpAddress", "P30"},
    {"UrlOrIpAddress", "P30"},
    {"Preference_TimeZone", "P64"},
    {"Preference_DHCPTime", "P143"},
}};

bool is_p_code(std::string_view name) {
    return name.size() > 1 && name.front() == 'P' && base::parse_number(name.substr(1)).has_value();
}

/// The P-code behind a named element, empty when this phone does not know it.
std::string_view code_of(std::string_view name) {
    for (const auto& [spelling, code] : plain_names) {
        if (spelling == name) {
            return code;
        }
    }
    for (const auto& row : numbered_names) {
        const auto mark = row.spelling.find("N_");
        if (name.size() != row.spelling.size() ||
            name.substr(0, mark) != row.spelling.substr(0, mark) ||
            name.substr(mark + 1) != row.spelling.substr(mark + 1)) {
            continue;
        }
        const auto number = static_cast<std::size_t>(name[mark] - '1');
        return number < lines ? row.codes.at(number) : std::string_view{};
    }
    return {};
}

/// A %41 in a value: reported to be taken for the letter by some firmware, so it deserves a remark.
bool holds_escape(std::string_view value) {
    constexpr std::string_view digits = "0123456789abcdefABCDEF";
    for (auto at = value.find('%'); at != std::string_view::npos; at = value.find('%', at + 1)) {
        const auto behind = value.substr(at + 1, 2);
        if (behind.size() == 2 && behind.find_first_not_of(digits) == std::string_view::npos) {
            return true;
        }
    }
    return false;
}

DialogIds new_dialog(base::Endpoint local) {
    const auto tag = random_digits(8);
    return {"z9hG4bK" + random_digits(8), tag, fmt::format("{}@{}", tag, local.address.str())};
}

std::string
subscribe(const Identity& phone, const DialogIds& ids, base::Endpoint local, base::Ipv4 group) {
    const auto user = "MAC" + phone.mac.str();
    const auto address = fmt::format("sip:{}@{}", user, group.str());
    return fmt::format("SUBSCRIBE {} SIP/2.0\r\n"
                       "Via: SIP/2.0/UDP {};branch={}\r\n"
                       "From: <{}>;tag={}\r\n"
                       "To: <{}>\r\n"
                       "Call-ID: {}\r\n"
                       "CSeq: 1 SUBSCRIBE\r\n"
                       "Contact: <sip:{}@{}>\r\n"
                       "Max-Forwards: 70\r\n"
                       "User-Agent: Htek {} {}\r\n"
                       "Expires: 0\r\n"
                       "Event: ua-profile;profile-type=\"device\";vendor=\"Htek\";model=\"{}\";"
                       "version=\"{}\"\r\n"
                       "Accept: application/url\r\n"
                       "Content-Length: 0\r\n\r\n",
                       address, local.str(), ids.branch, address, ids.tag, address, ids.call_id,
                       user, local.str(), phone.model, phone.version, phone.model, phone.version);
}

std::string http_user_agent(const Identity& phone) {
    return fmt::format("Htek {} {} {}", phone.model, phone.version, phone.mac.colons());
}

std::string sip_user_agent(const Identity& phone, const Values&) {
    return fmt::format("Htek {} {} {}", phone.model, phone.version, phone.mac.str());
}

std::vector<std::string> chain(const Identity& phone) {
    const auto mac = phone.mac.str();
    return {"factory0000.xml", "cfg0000.xml", mac + ".cfg", "cfg" + mac, "cfg" + mac + ".xml"};
}

base::Result<ReadFile> read_file(std::string_view body) {
    const auto root = base::parse_xml(body);
    if (!root) {
        return tl::unexpected(root.error());
    }
    if (root->name != "hl_provision") {
        return base::fail(Errc::malformed, "the root element is {}, not hl_provision",
                          base::printable(root->name, 40));
    }
    ReadFile file;
    for (const auto& config : root->children) {
        if (config.name != "config") {
            continue;
        }
        for (const auto& parameter : config.children) {
            auto code =
                is_p_code(parameter.name) ? parameter.name : std::string(code_of(parameter.name));
            if (code.empty()) {
                code = parameter.name;
                file.unknown.push_back(code);
            }
            if (holds_escape(parameter.text)) {
                file.doubtful.push_back(code);
            }
            file.values.insert_or_assign(std::move(code), parameter.text);
        }
    }
    return file;
}

std::vector<Account> accounts(const Values& values) {
    std::vector<Account> result;
    for (std::size_t at = 0; at < lines; ++at) {
        const auto& codes = account_codes.at(at);
        if (number_of(values, codes.active, 0) != 1) {
            continue;
        }
        const auto profile_index =
            std::min<std::uint64_t>(number_of(values, codes.profile, at), lines - 1);
        const auto& profile = profile_codes.at(profile_index);
        Account account;
        account.line = static_cast<int>(at) + 1;
        account.user = text_of(values, codes.user);
        account.login = text_of(values, codes.login);
        if (account.login.empty()) {
            account.login = account.user;
        }
        account.password = base::Secret(text_of(values, codes.password));
        account.display_name = text_of(values, codes.display_name);
        account.server = text_of(values, profile.server);
        account.proxy = text_of(values, profile.proxy);
        account.transport =
            transports.at(std::min<std::uint64_t>(number_of(values, profile.transport, 0), 3));
        account.registers = number_of(values, profile.registers, 1) != 0;
        account.expires =
            60 * std::clamp<std::uint64_t>(number_of(values, profile.minutes, 15), 1, 65535);
        const bool random_port = number_of(values, codes.random_port, 0) == 1;
        const auto port =
            std::min<std::uint64_t>(number_of(values, codes.port, default_ports.at(at)), 65535);
        account.local_port = random_port ? std::uint16_t{0} : static_cast<std::uint16_t>(port);
        result.push_back(std::move(account));
    }
    return result;
}

std::string server_url(const Values& values) {
    return text_of(values, "P237");
}

bool asks_by_pnp(const Values& values) {
    return number_of(values, "P20165", 1) != 0; // on from the factory
}

HttpLogin http_login(const Values& values) {
    return {text_of(values, "P1360"), base::Secret(text_of(values, "P1361"))};
}

int http_seconds(const Values& values) {
    return static_cast<int>(std::clamp<std::uint64_t>(number_of(values, "P24813", 8), 1, 120));
}

} // namespace

const Vendor& htek() noexcept {
    static constexpr Vendor vendor{.name = "htek",
                                   .title = "Htek",
                                   .model = "UC924",
                                   .version = "2.0.4.2",
                                   .pnp_port = 60000,
                                   .sip_user_agent = sip_user_agent,
                                   .accounts = accounts,
                                   .new_dialog = new_dialog,
                                   .subscribe = subscribe,
                                   .http_user_agent = http_user_agent,
                                   .chain = chain,
                                   .read_file = read_file,
                                   .server_url = server_url,
                                   .asks_by_pnp = asks_by_pnp,
                                   .http_login = http_login,
                                   .http_seconds = http_seconds};
    return vendor;
}

} // namespace phone
