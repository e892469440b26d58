// SPDX-License-Identifier: MIT
// The one file that knows sofia-sip: URIs, Vias, addresses and CSeq are read by its parser.
#include "pnp/message.hpp"

#include "pnp/frame.hpp"
#include "pnp/params.hpp"
#include "provisioning/base/text.hpp"

#include <array>
#include <cstddef>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/sofia_features.h>
#include <sofia-sip/su_alloc.h>
#include <sofia-sip/su_uniqueid.h>
#include <utility>

namespace pnp {
namespace {

using base::Errc;
using base::fail;

/// Headers as sofia reads them, each handed to the parser of its class alone: a phone's odd
/// spelling of any other is no reason to leave the phone alone, and less of the library can be
/// reached.
class Headers {
  public:
    Headers() : home_(su_home_auto(area_.data(), sizeof area_)) {}

    ~Headers() { su_home_deinit(home_); }

    Headers(const Headers&) = delete;
    Headers& operator=(const Headers&) = delete;

    /// Lives as long as this; nothing when it cannot be read.
    template <class Header> const Header* read(msg_hclass_t* which, std::string_view value) {
        text_ = value; // which ends with a zero then
        return reinterpret_cast<const Header*>(msg_header_make(home_, which, text_.c_str()));
    }

  private:
    // Sofia takes from the heap what does not fit in here.
    alignas(std::max_align_t) std::array<char, 4096> area_;
    su_home_t* home_;
    std::string text_;
};

std::string_view text(const char* c_string) noexcept {
    return c_string != nullptr ? std::string_view(c_string) : std::string_view();
}

/// 0 when absent or no port number.
std::uint16_t port(const char* c_string) noexcept {
    const auto number = base::parse_number(text(c_string));
    return number && *number <= 65535 ? static_cast<std::uint16_t>(*number) : std::uint16_t{0};
}

std::string_view spelled(Field field) noexcept {
    switch (field) {
    case Field::via:
        return "Via";
    case Field::from:
        return "From";
    case Field::to:
        return "To";
    case Field::call_id:
        return "Call-ID";
    case Field::cseq:
        return "CSeq";
    case Field::contact:
        return "Contact";
    case Field::event:
        return "Event";
    case Field::user_agent:
        return "User-Agent";
    }
    return {};
}

/// RFC 3261 19.1.1: a Request-URI has no headers, so those of a Contact's URI stay behind. A user
/// may have a ? of its own.
std::string_view without_headers(std::string_view uri) noexcept {
    const std::size_t user = uri.find('@');
    return uri.substr(0, uri.find('?', user == std::string_view::npos ? 0 : user));
}

/// The URI of a Contact as it was written: sofia's own printing would change its spelling.
std::string_view uri_of(std::string_view contact) noexcept {
    std::string_view first = contact.substr(0, first_element_end(contact));
    std::size_t open = 0;
    bool quoted = false;
    for (; open < first.size(); ++open) {
        if (first[open] == '\\' && quoted) {
            ++open;
        } else if (first[open] == '"') {
            quoted = !quoted;
        } else if (first[open] == '<' && !quoted) {
            break;
        }
    }
    if (open < first.size()) {
        first.remove_prefix(open + 1);
        return base::trim(first.substr(0, first.find('>')));
    }
    return base::trim(first.substr(0, first.find(';')));
}

/// A Request-URI that may be copied into a start line of ours.
bool is_plain_uri(std::string_view uri) noexcept {
    return base::istarts_with(uri, "sip:") &&
           uri.find_first_of(" \t<>\"") == std::string_view::npos;
}

struct StartLine {
    std::string_view method;
    std::string_view uri;
};

base::Result<StartLine> request_line(std::string_view line) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || last <= first ||
        !base::iequals(line.substr(last + 1), "SIP/2.0")) {
        return fail(Errc::malformed, "no SIP request line");
    }
    return StartLine{line.substr(0, first), line.substr(first + 1, last - first - 1)};
}

base::Status demand_one(const Frame& frame, Field field) {
    if (frame.count(field) != 1) {
        return fail(Errc::malformed, "{} headers {}", frame.count(field), spelled(field));
    }
    return {};
}

/// The Via values, the first split off when it shares its line: the answer changes that one only.
std::vector<std::string> vias_of(const Frame& frame) {
    std::vector<std::string> vias;
    for (const Line& line : frame.lines) {
        if (line.field != Field::via) {
            continue;
        }
        std::string_view value = line.value;
        if (vias.empty()) {
            const std::size_t end = first_element_end(value);
            vias.emplace_back(base::trim(value.substr(0, end)));
            value = base::trim(value.substr(std::min(end + 1, value.size())));
        }
        if (!value.empty()) {
            vias.emplace_back(value);
        }
    }
    return vias;
}

/// The first one; nothing unless all can be read.
const sip_via_t* read_vias(Headers& headers, const Frame& frame) {
    const sip_via_t* first = nullptr;
    for (const Line& line : frame.lines) {
        if (line.field == Field::via) {
            const auto* via = headers.read<sip_via_t>(sip_via_class, line.value);
            if (via == nullptr) {
                return nullptr;
            }
            first = first == nullptr ? via : first;
        }
    }
    return first;
}

/// Event is read by ourselves: sofia refuses values in single quotes, and phones write them.
base::Status read_event(std::string_view event, Subscribe& into) {
    const std::string_view package = base::trim(event.substr(0, event.find(';')));
    if (!base::iequals(package, "ua-profile")) {
        return fail(Errc::not_ours, "event {}", base::printable(package, 40));
    }
    into.event = event;
    Params params(event);
    while (const auto param = params.next()) {
        // Panasonic writes vender.
        if (base::iequals(param->name, "vendor") || base::iequals(param->name, "vender")) {
            into.vendor = param->value;
        } else if (base::iequals(param->name, "model")) {
            into.model = param->value;
        } else if (base::iequals(param->name, "version")) {
            into.version = param->value;
        }
    }
    return {};
}

/// What sofia reads, each field looked at before it is used.
base::Status read_fields(const Frame& frame, Subscribe& into) {
    Headers headers;
    const auto* request = headers.read<sip_request_t>(sip_request_class, frame.start_line);
    const auto* via = read_vias(headers, frame);
    const auto* from = headers.read<sip_from_t>(sip_from_class, frame.first(Field::from));
    const auto* to = headers.read<sip_to_t>(sip_to_class, frame.first(Field::to));
    const auto* call_id =
        headers.read<sip_call_id_t>(sip_call_id_class, frame.first(Field::call_id));
    const auto* cseq = headers.read<sip_cseq_t>(sip_cseq_class, frame.first(Field::cseq));
    if (request == nullptr || via == nullptr || from == nullptr || to == nullptr ||
        call_id == nullptr || cseq == nullptr) {
        return fail(Errc::malformed, "a header that every request needs cannot be read");
    }
    if (request->rq_method != sip_method_subscribe || cseq->cs_method != sip_method_subscribe) {
        return fail(Errc::malformed, "CSeq names another method than the request line");
    }
    if (to->a_tag != nullptr) {
        return fail(Errc::not_ours, "a SUBSCRIBE inside a dialog");
    }
    if (via->v_host == nullptr || text(call_id->i_id).empty()) {
        return fail(Errc::malformed, "Via or Call-ID is empty");
    }
    into.from_tag = text(from->a_tag);
    into.via_host = text(via->v_host);
    into.via_port = port(via->v_port);
    into.branch = text(via->v_branch);
    into.wants_rport = via->v_rport != nullptr;
    into.sequence = cseq->cs_seq;
    if (frame.count(Field::contact) != 0) {
        const auto* contact =
            headers.read<sip_contact_t>(sip_contact_class, frame.first(Field::contact));
        if (contact == nullptr) {
            return fail(Errc::malformed, "a Contact that cannot be read");
        }
        into.contact_host = text(contact->m_url->url_host);
        into.contact_port = port(contact->m_url->url_port);
    }
    return {};
}

} // namespace

bool is_response(std::string_view datagram) noexcept {
    return base::istarts_with(datagram, "SIP/2.0 ");
}

base::Result<Subscribe> parse_subscribe(std::string_view datagram) {
    const auto framed = frame(datagram);
    if (!framed) {
        return tl::unexpected(framed.error());
    }
    const auto line = request_line(framed->start_line);
    if (!line) {
        return tl::unexpected(line.error());
    }
    if (line->method != "SUBSCRIBE") {
        return fail(Errc::not_ours, "method {}", base::printable(line->method, 40));
    }
    for (const Field field : {Field::from, Field::to, Field::call_id, Field::cseq, Field::event}) {
        if (auto one = demand_one(*framed, field); !one) {
            return tl::unexpected(std::move(one.error()));
        }
    }
    if (framed->count(Field::via) == 0 || framed->count(Field::contact) > 1) {
        return fail(Errc::malformed, "no Via, or several Contacts");
    }

    Subscribe result;
    if (auto event = read_event(framed->first(Field::event), result); !event) {
        return tl::unexpected(std::move(event.error()));
    }
    if (auto fields = read_fields(*framed, result); !fields) {
        return tl::unexpected(std::move(fields.error()));
    }
    result.uri = line->uri;
    result.vias = vias_of(*framed);
    result.from = framed->first(Field::from);
    result.to = framed->first(Field::to);
    result.call_id = framed->first(Field::call_id);
    result.cseq = framed->first(Field::cseq);
    result.contact = framed->first(Field::contact);
    result.user_agent = framed->first(Field::user_agent);
    if (!result.contact.empty()) {
        result.contact_uri = without_headers(uri_of(result.contact));
        if (!is_plain_uri(result.contact_uri)) {
            return fail(Errc::malformed, "Contact holds no sip URI");
        }
    }
    if (!is_plain_uri(result.uri) || result.vias.empty() || result.vias.front().empty()) {
        return fail(Errc::malformed, "the request line holds no sip URI, or Via is empty");
    }
    return result;
}

base::Result<Response> parse_response(std::string_view datagram) {
    const auto framed = frame(datagram);
    if (!framed) {
        return tl::unexpected(framed.error());
    }
    if (!is_response(framed->start_line)) {
        return fail(Errc::malformed, "no SIP status line");
    }
    for (const Field field : {Field::call_id, Field::cseq}) {
        if (auto one = demand_one(*framed, field); !one) {
            return tl::unexpected(std::move(one.error()));
        }
    }
    Headers headers;
    const auto* status = headers.read<sip_status_t>(sip_status_class, framed->start_line);
    const auto* via = read_vias(headers, *framed);
    const auto* call_id =
        headers.read<sip_call_id_t>(sip_call_id_class, framed->first(Field::call_id));
    const auto* cseq = headers.read<sip_cseq_t>(sip_cseq_class, framed->first(Field::cseq));
    if (status == nullptr || via == nullptr || call_id == nullptr || cseq == nullptr) {
        return fail(Errc::malformed, "a header that every answer needs cannot be read");
    }
    if (status->st_status < 100 || status->st_status > 699 || text(call_id->i_id).empty()) {
        return fail(Errc::malformed, "status {}, or Call-ID is empty", status->st_status);
    }
    Response result;
    result.status = status->st_status;
    result.reason = text(status->st_phrase);
    result.branch = text(via->v_branch);
    result.call_id = text(call_id->i_id);
    result.method = text(cseq->cs_method_name);
    return result;
}

std::string check_sofia() {
    if (text(sofia_sip_name_version) != SOFIA_SIP_NAME_VERSION) {
        return fmt::format("built for {}, linked with {}: build again against one of them",
                           SOFIA_SIP_NAME_VERSION, text(sofia_sip_name_version));
    }
    constexpr std::string_view sample =
        "SUBSCRIBE sip:MAC%3a001fc1000001@224.0.1.75 SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 192.0.2.89:60000;rport;branch=z9hG4bK70411250\r\n"
        "From: <sip:MAC%3a001fc1000001@224.0.1.75>;tag=70411247\r\n"
        "To: <sip:MAC%3a001fc1000001@224.0.1.75>\r\n"
        "Call-ID: 70411247@192.0.2.89\r\n"
        "CSeq: 20264 SUBSCRIBE\r\n"
        "Contact: <sip:MAC%3a001fc1000001@192.0.2.90:60001>\r\n"
        "Event: ua-profile;profile-type=\"device\";vendor=\"Htek\"\r\n"
        "\r\n";
    const auto read = parse_subscribe(sample);
    if (!read) {
        return fmt::format("the SIP parser refuses a sound message: {}", read.error().what);
    }
    const auto response = parse_response("SIP/2.0 481 Unknown\r\n"
                                         "Via: SIP/2.0/UDP 192.0.2.10:5059;branch=z9hG4bKn-1\r\n"
                                         "Call-ID: 70411247@192.0.2.89\r\n"
                                         "CSeq: 1 NOTIFY\r\n"
                                         "\r\n");
    if (!response) {
        return fmt::format("the SIP parser refuses a sound answer: {}", response.error().what);
    }
    const bool same = read->via_host == "192.0.2.89" && read->via_port == 60000 &&
                      read->branch == "z9hG4bK70411250" && read->wants_rport &&
                      read->from_tag == "70411247" && read->sequence == 20264 &&
                      read->contact_host == "192.0.2.90" && read->contact_port == 60001 &&
                      response->status == 481 && response->reason == "Unknown" &&
                      response->branch == "z9hG4bKn-1" &&
                      response->call_id == "70411247@192.0.2.89" && response->method == "NOTIFY";
    if (!same) {
        return "the SIP parser reads a sample's fields wrongly: another sofia-sip is loaded in its "
               "place; link the static archive";
    }
    return {};
}

} // namespace pnp

// sofia's own makers of random numbers and unique ids, which parsing needs at link time and never
// calls. Their object file has a destructor that deletes thread key 0 of the process when none was
// made: after an unload the key of whoever was first in the PBX would be gone. With these here it
// stays out of the link.
extern "C" {

uint32_t su_random() {
    return 0;
}

int su_randint(int least, int /*most*/) {
    return least;
}

void su_guid_generate(su_guid_t* guid) {
    *guid = {};
}

isize_t su_guid_sprintf(char* text, size_t size, const su_guid_t* /*guid*/) {
    if (size > 0) {
        *text = '\0';
    }
    return 0;
}
}
