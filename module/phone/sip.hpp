// SPDX-License-Identifier: MIT
// SIP messages as this phone reads and writes them: by hand, and on purpose not by the product's
// parser.
#pragma once

#include "provisioning/base/net.hpp"
#include "provisioning/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phone {

/// A request has a method, an answer has a status.
struct Message {
    std::string method;
    std::string uri;
    int status = 0;
    std::string reason;
    /// In their order; compact names are written out, values trimmed, folded lines joined.
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body; ///< all bytes behind the blank line, whatever Content-Length says

    bool is_answer() const noexcept { return status != 0; }

    /// The first header of that name, empty when there is none.
    std::string_view header(std::string_view name) const noexcept;
    std::vector<std::string_view> all(std::string_view name) const;
    /// The same with comma lists taken apart, for Record-Route and the like.
    std::vector<std::string_view> each(std::string_view name) const;
};

struct Cseq {
    std::uint64_t number = 0;
    std::string_view method;
};

/// Lenient as phones are: bare line feeds, compact names and a missing blank line at the end pass.
base::Result<Message> read_message(std::string_view datagram);

/// A parameter behind a header value, quotes taken off: parameter("<sip:a;b=1>;tag=x", "tag") is x.
/// Present without a value is an empty text.
std::optional<std::string> parameter(std::string_view value, std::string_view name);
/// What stands in front of the parameters of an Event, Subscription-State or Content-Type.
std::string_view main_value(std::string_view value) noexcept;
Cseq read_cseq(std::string_view value) noexcept;

/// The answer to a request that came from `source`: Via, From, To, Call-ID and CSeq copied,
/// `to_tag` added where the To has none, `more` whole header lines with their CRLF.
std::string write_answer(const Message& request,
                         int status,
                         std::string_view reason,
                         base::Endpoint source,
                         std::string_view to_tag,
                         std::string_view more = "",
                         std::string_view body = "");

/// Where that answer belongs: the source's address, at its port if the Via says rport (RFC 3581),
/// else at the port the Via names (RFC 3261 18.2.2).
base::Endpoint answer_target(const Message& request, base::Endpoint source);

} // namespace phone
