// SPDX-License-Identifier: MIT
#include "module/phone/registration.hpp"

#include "module/phone/address.hpp"
#include "module/phone/random.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

namespace phone {

namespace {

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
      credentials_(account_.login, account_.password), asked_(account_.expires) {
    const auto server = read_server(account_.server).value_or(HostPort{});
    server_ = uri_host(server);
    next_hop_ = account_.proxy.empty() ? server : read_server(account_.proxy).value_or(server);
}

std::string Registration::request() {
    branch_ = "z9hG4bK" + random_digits(10);
    ++cseq_;
    const auto user = escape_user(account_.user);
    const auto name = quote_name(account_.display_name);
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
    text += credentials_.header("REGISTER", uri);
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
        registered_ = asked_ > 0;
        credentials_.accepted();
        granted_ = read_expires(answer, local_, asked_);
        return Next::registered;
    }
    if (answer.status == 401 || answer.status == 407) {
        const auto worth_it = credentials_.take(answer);
        if (!worth_it) {
            reason_ = worth_it.error().what;
        }
        return worth_it && *worth_it ? Next::send_again : Next::refused;
    }
    const auto least = base::parse_number(answer.header("Min-Expires"));
    if (answer.status == 423 && least && *least > asked_) { // RFC 3261 10.2.8
        asked_ = *least;
        return Next::send_again;
    }
    return Next::refused;
}

void Registration::failed(std::string reason) {
    registered_ = false;
    status_ = 0;
    reason_ = std::move(reason);
}

} // namespace phone
