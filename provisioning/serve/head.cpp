// SPDX-License-Identifier: MIT
// Boost.Beast's request parser, given a whole head at once; its stream code is not used.
#include "provisioning/serve/head.hpp"

#include "provisioning/base/text.hpp"

#include <exception>
#include <limits>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace serve {
namespace {

namespace http = boost::beast::http;

using Fields = http::fields;

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

/// All lines of one field as one list (RFC 9110 5.3): a second Range line makes it a list of
/// ranges, and so no single range.
std::string joined(const Fields& fields, http::field name, std::string_view between = ", ") {
    std::string text;
    const auto [first, last] = fields.equal_range(name);
    for (auto line = first; line != last; ++line) {
        if (!text.empty()) {
            text += between;
        }
        text += view(line->value());
    }
    return text;
}

tl::unexpected<BadHead> refuse(int status, const char* why) {
    return tl::unexpected<BadHead>(BadHead{status, why});
}

tl::expected<Head, BadHead> read(std::string_view bytes, std::uint64_t most_body) {
    http::request_parser<http::empty_body> parser;
    parser.header_limit(std::numeric_limits<std::uint32_t>::max()); // the caller counted the bytes
    parser.body_limit(most_body);
    boost::beast::error_code error;
    const auto used = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    if (error == http::error::body_limit) {
        return refuse(413, "a body larger than any that is meant for us");
    }
    if (error == http::error::multiple_content_length || error == http::error::bad_content_length) {
        return refuse(400, "a bad Content-Length");
    }
    if (error == http::error::bad_transfer_encoding) {
        return refuse(400, "a bad Transfer-Encoding");
    }
    if (error == http::error::bad_version) {
        return refuse(400, "neither HTTP/1.0 nor HTTP/1.1");
    }
    if (error || !parser.is_header_done() || used != bytes.size()) {
        return refuse(400, "not an HTTP request");
    }

    const auto& request = parser.get();
    Head head;
    head.minor = request.version() == 10 ? 0 : 1;
    const bool coded = request.count(http::field::transfer_encoding) != 0;
    const auto lengths = request.count(http::field::content_length);
    // Beast 1.81 takes the first two; RFC 9112 6.1 and 6.3 tell why they are attacks or broken.
    if (coded && head.minor == 0) {
        return refuse(400, "Transfer-Encoding in HTTP/1.0");
    }
    if (lengths > 1 ||
        (lengths == 1 && !base::parse_number(view(request[http::field::content_length])))) {
        return refuse(400, "more than one Content-Length");
    }
    if (coded && lengths != 0) {
        return refuse(400, "Transfer-Encoding and Content-Length");
    }
    if (coded) {
        return refuse(411, "a body without Content-Length");
    }
    const auto hosts = request.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && head.minor == 1)) { // RFC 9112 3.2
        return refuse(400, "not one Host field");
    }
    head.method = view(request.method_string());
    head.target = view(request.target());
    head.keep_alive = parser.keep_alive();
    head.expects_100 = head.minor == 1 && request.count(http::field::expect) != 0;
    head.has_length = lengths != 0;
    head.body_bytes = parser.content_length().value_or(0);
    head.user_agent = view(request[http::field::user_agent]);
    head.authorization = view(request[http::field::authorization]);
    head.cookie = joined(request, http::field::cookie, "; "); // RFC 6265 4.2.1
    head.conditions.if_none_match = joined(request, http::field::if_none_match);
    head.conditions.if_modified_since = view(request[http::field::if_modified_since]);
    head.conditions.range = joined(request, http::field::range);
    head.conditions.if_range = view(request[http::field::if_range]);
    return head;
}

} // namespace

tl::expected<Head, BadHead> parse_head(std::string_view bytes, std::uint64_t most_body) {
    // Beast asserts that a head ends where it should: say so before it looks.
    if (!bytes.ends_with("\r\n\r\n")) {
        return refuse(400, "no empty line after the head");
    }
    try {
        return read(bytes, most_body);
    } catch (const std::exception&) {
        return refuse(400, "a head that the parser cannot hold");
    }
}

} // namespace serve
