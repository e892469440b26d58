// SPDX-License-Identifier: MIT
#include "module/phone/registration.hpp"

#include "module/phone/random.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

namespace phone {

namespace {

/// RFC 3261 25.1: what a user part may hold as it is; the rest becomes %XX.
std::string escape_user(std::string_view user) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        "-_.!~*'()&=+$,;?/";
    std::string text;
    for (const char c : user) {
        if (plain.find(c) != std::string_view::npos) {
            text += c;
        } else {
            text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return text;
}

std::string display(std::string_view name) {
    if (name.empty()) {
        return {};
    }
    std::string text = "\"";
    for (const char c : name) {
        if (c == '"' || c == '\\') {
            text += '\\';
        }
        text += c;
    }
    return text + "\" ";
}

std::string uri_host(const HostPort& server) {
    return server.port == 5060 ? server.host : fmt::format("{}:{}", server.host, server.port);
}

/// The expiry of our own contact, else the Expires header, else what was asked for.
std::uint64_t read_expires(const Message& answer, base::Endpoint local, std::uint64_t asked) {
    for (const auto contact : answer.all("Contact")) {
        const auto ours = contact.find("@" + local.str());
        if (ours == std::string_view::npos) {
            continue;
        }
        const auto rest = contact.substr(ours);
        if (const auto value = parameter(rest.substr(0, rest.find(',')), "expires")) {
            return base::parse_number(*value).value_or(asked);
        }
    }
    return base::parse_number(answer.header("Expires")).value_or(asked);
}

} // namespace

Registration::Registration(Account account, base::Endpoint local, std::string user_agent)
    : account_(std::move(account)), local_(local), user_agent_(std::move(user_agent)),
      call_id_(fmt::format("{}@{}", random_hex(24), local.address.str())), tag_(random_hex(15)),
      asked_(account_.expires) {
    const auto server = read_server(account_.server).value_or(HostPort{});
    server_ = uri_host(server);
    next_hop_ = account_.proxy.empty() ? server : read_server(account_.proxy).value_or(server);
}

std::string Registration::request() {
    branch_ = "z9hG4bK" + random_digits(10);
    ++cseq_;
    const auto user = escape_user(account_.user);
    const auto name = display(account_.display_name);
    const auto uri = "sip:" + server_;
    auto text = fmt::format("REGISTER {} SIP/2.0\r\n"
                            "Via: SIP/2.0/UDP {};branch={}\r\n"
                            "From: {}<sip:{}@{}>;tag={}\r\n"
                            "To: {}<sip:{}@{}>\r\n"
                            "Call-ID: {}\r\n"
                            "CSeq: {} REGISTER\r\n"
                            "Contact: <sip:{}@{}>\r\n"
                            "Max-Forwards: 70\r\n"
                            "User-Agent: {}\r\n"
                            "Expires: {}\r\n"
                            "Allow-Events: talk,hold,conference,refer,check-sync\r\n",
                            uri, local_.str(), branch_, name, user, server_, tag_, name, user,
                            server_, call_id_, cseq_, user, local_.str(), user_agent_, asked_);
    if (challenge_) {
        const Proof proof{account_.login, account_.password, "REGISTER", uri,
                          random_hex(16), ++nonce_count_};
        text += fmt::format("{}: {}\r\n", by_proxy_ ? "Proxy-Authorization" : "Authorization",
                            write_authorization(*challenge_, proof));
    }
    return text + "Content-Length: 0\r\n\r\n";
}

bool Registration::owns_answer(const Message& answer) const noexcept {
    const auto cseq = read_cseq(answer.header("CSeq"));
    return answer.header("Call-ID") == call_id_ && cseq.number == cseq_ &&
           base::iequals(cseq.method, "REGISTER");
}

Registration::Next Registration::on_answer(const Message& answer) {
    if (answer.status < 200) {
        return Next::wait;
    }
    status_ = answer.status;
    reason_ = answer.reason;
    registered_ = false;
    if (answer.status < 300) {
        registered_ = true;
        proofs_ = 0;
        granted_ = read_expires(answer, local_, asked_);
        return Next::registered;
    }
    if (answer.status == 401 || answer.status == 407) {
        return prove(answer);
    }
    const auto least = base::parse_number(answer.header("Min-Expires"));
    if (answer.status == 423 && least && *least > asked_) { // RFC 3261 10.2.8
        asked_ = *least;
        return Next::send_again;
    }
    return Next::refused;
}

Registration::Next Registration::prove(const Message& answer) {
    by_proxy_ = answer.status == 407;
    auto challenge = base::Result<Challenge>(
        base::fail(base::Errc::malformed, "the server asks for a password and sends no challenge"));
    for (const auto value : answer.all(by_proxy_ ? "Proxy-Authenticate" : "WWW-Authenticate")) {
        challenge = read_challenge(value);
        if (challenge) {
            break;
        }
    }
    if (!challenge) {
        reason_ = challenge.error().what;
        return Next::refused;
    }
    ++proofs_;
    if (proofs_ > 2 || (challenge_ && proofs_ > 1 && !challenge->stale)) {
        return Next::refused;
    }
    challenge_ = std::move(*challenge);
    nonce_count_ = 0;
    return Next::send_again;
}

void Registration::failed(std::string reason) {
    registered_ = false;
    status_ = 0;
    reason_ = std::move(reason);
}

} // namespace phone
