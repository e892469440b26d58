// SPDX-License-Identifier: MIT
#include "module/phone/sip.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>

namespace phone {

namespace {

using base::Errc;

constexpr std::uint16_t sip_port = 5060;

/// RFC 3261 7.3.3 and RFC 6665 8.4.
constexpr std::array<std::pair<char, std::string_view>, 11> compact_names{{
    {'v', "Via"},
    {'f', "From"},
    {'t', "To"},
    {'i', "Call-ID"},
    {'m', "Contact"},
    {'o', "Event"},
    {'u', "Allow-Events"},
    {'l', "Content-Length"},
    {'c', "Content-Type"},
    {'k', "Supported"},
    {'s', "Subject"},
}};

std::string_view long_name(std::string_view name) {
    if (name.size() == 1) {
        for (const auto& [letter, written_out] : compact_names) {
            if ((static_cast<unsigned char>(name.front()) | 0x20U) ==
                static_cast<unsigned char>(letter)) {
                return written_out;
            }
        }
    }
    return name;
}

/// Cuts one line off, ended by CRLF or a bare line feed.
std::string_view next_line(std::string_view& rest) {
    const auto end = std::min(rest.find('\n'), rest.size());
    auto line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!line.empty() && line.back() == '\r') {
        line.remove_suffix(1);
    }
    return line;
}

base::Status read_start(std::string_view line, Message& message) {
    constexpr std::string_view version = "SIP/2.0";
    if (base::istarts_with(line, "SIP/2.0 ")) {
        const auto rest = base::trim(line.substr(version.size()));
        const auto status = base::parse_number(rest.substr(0, 3));
        if (!status || *status < 100 || *status > 699) {
            return base::fail(Errc::malformed, "no status code in the first line");
        }
        message.status = static_cast<int>(*status);
        message.reason =
            std::string(base::trim(rest.substr(std::min<std::size_t>(3, rest.size()))));
        return {};
    }
    const auto words = base::split(line, ' ');
    if (words.size() != 3 || !base::iequals(words[2], version)) {
        return base::fail(Errc::malformed, "the first line is not SIP");
    }
    message.method = std::string(words[0]);
    message.uri = std::string(words[1]);
    return {};
}

/// The end of the piece that starts the text and stops at `stop`, outside quotes and <>.
std::size_t piece_end(std::string_view text, char stop) noexcept {
    bool quoted = false;
    bool bracketed = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (quoted) {
            if (c == '\\') {
                ++at;
            } else if (c == '"') {
                quoted = false;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == '<' || c == '>') {
            bracketed = c == '<';
        } else if (c == stop && !bracketed) {
            return at;
        }
    }
    return text.size();
}

struct SentBy {
    std::string_view host;
    std::uint16_t port = sip_port;
};

/// "SIP/2.0/UDP 10.0.0.1:5059;branch=…" names 10.0.0.1:5059.
SentBy sent_by(std::string_view via) {
    auto text = main_value(via);
    if (const auto blank = text.find_last_of(" \t"); blank != std::string_view::npos) {
        text = text.substr(blank + 1);
    }
    SentBy result{text};
    if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
        result.host = text.substr(0, colon);
        const auto port = base::parse_number(text.substr(colon + 1));
        result.port = port && *port <= 65535 ? static_cast<std::uint16_t>(*port) : sip_port;
    }
    return result;
}

/// RFC 3581 4 and RFC 3261 18.2.1: an empty rport is filled, a foreign address is noted.
std::string stamp_via(std::string_view via, base::Endpoint source) {
    const auto end = piece_end(via, ',');
    std::string first(via.substr(0, end));
    if (parameter(first, "rport") == "") {
        constexpr std::string_view name = "rport";
        const auto at = base::lower(first).rfind(name) + name.size();
        const bool has_sign = at < first.size() && first[at] == '=';
        first.insert(has_sign ? at + 1 : at, fmt::format("{}{}", has_sign ? "" : "=", source.port));
    }
    if (sent_by(first).host != source.address.str() && !parameter(first, "received")) {
        first += fmt::format(";received={}", source.address.str());
    }
    return first.append(via.substr(end));
}

} // namespace

std::string_view Message::header(std::string_view name) const noexcept {
    for (const auto& [found, value] : headers) {
        if (base::iequals(found, name)) {
            return value;
        }
    }
    return {};
}

std::vector<std::string_view> Message::all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [found, value] : headers) {
        if (base::iequals(found, name)) {
            values.push_back(value);
        }
    }
    return values;
}

std::vector<std::string_view> Message::each(std::string_view name) const {
    std::vector<std::string_view> values;
    for (auto rest : all(name)) {
        while (!rest.empty()) {
            const auto end = piece_end(rest, ',');
            if (const auto value = base::trim(rest.substr(0, end)); !value.empty()) {
                values.push_back(value);
            }
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return values;
}

base::Result<Message> read_message(std::string_view datagram) {
    datagram.remove_prefix(std::min(datagram.find_first_not_of("\r\n"), datagram.size()));
    Message message;
    if (auto start = read_start(next_line(datagram), message); !start) {
        return tl::unexpected(start.error());
    }
    while (!datagram.empty()) {
        const auto line = next_line(datagram);
        if (line.empty()) {
            break;
        }
        if ((line.front() == ' ' || line.front() == '\t') && !message.headers.empty()) {
            message.headers.back().second.append(" ").append(base::trim(line));
            continue;
        }
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) {
            return base::fail(Errc::malformed, "a header line has no colon");
        }
        message.headers.emplace_back(long_name(base::trim(line.substr(0, colon))),
                                     base::trim(line.substr(colon + 1)));
    }
    message.body = std::string(datagram);
    return message;
}

std::optional<std::string> parameter(std::string_view value, std::string_view name) {
    auto at = piece_end(value, ';');
    while (at < value.size()) {
        value.remove_prefix(at + 1);
        at = piece_end(value, ';');
        const auto piece = base::trim(value.substr(0, at));
        const auto equals = std::min(piece.find('='), piece.size());
        if (!base::iequals(base::trim(piece.substr(0, equals)), name)) {
            continue;
        }
        auto text = base::trim(piece.substr(std::min(equals + 1, piece.size())));
        if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
            text = text.substr(1, text.size() - 2);
        }
        return std::string(text);
    }
    return std::nullopt;
}

std::string_view main_value(std::string_view value) noexcept {
    return base::trim(value.substr(0, piece_end(value, ';')));
}

Cseq read_cseq(std::string_view value) noexcept {
    const auto blank = std::min(value.find_first_of(" \t"), value.size());
    return {base::parse_number(value.substr(0, blank)).value_or(0),
            base::trim(value.substr(blank))};
}

std::string write_answer(const Message& request,
                         int status,
                         std::string_view reason,
                         base::Endpoint source,
                         std::string_view to_tag,
                         std::string_view more,
                         std::string_view body) {
    auto text = fmt::format("SIP/2.0 {} {}\r\n", status, reason);
    bool top = true;
    for (const auto via : request.all("Via")) {
        text += fmt::format("Via: {}\r\n", top ? stamp_via(via, source) : std::string(via));
        top = false;
    }
    const auto to = request.header("To");
    text += fmt::format("From: {}\r\nTo: {}", request.header("From"), to);
    if (!parameter(to, "tag")) {
        text += fmt::format(";tag={}", to_tag);
    }
    text += fmt::format("\r\nCall-ID: {}\r\nCSeq: {}\r\n", request.header("Call-ID"),
                        request.header("CSeq"));
    return text.append(more)
        .append(fmt::format("Content-Length: {}\r\n\r\n", body.size()))
        .append(body);
}

base::Endpoint answer_target(const Message& request, base::Endpoint source) {
    const auto via = request.header("Via");
    const auto first = via.substr(0, piece_end(via, ','));
    if (first.empty() || parameter(first, "rport")) {
        return source;
    }
    return {source.address, sent_by(first).port};
}

} // namespace phone
