// SPDX-License-Identifier: MIT
// Finds lines, the blank line and the end of the body; knows header names, not their meaning.
#include "pnp/frame.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace pnp {
namespace {

using base::Errc;
using base::fail;

constexpr std::size_t max_lines = 200;

struct Name {
    std::string_view full;
    std::string_view compact;
    Field field;
};

constexpr std::array<Name, 8> names{{{"Via", "v", Field::via},
                                     {"From", "f", Field::from},
                                     {"To", "t", Field::to},
                                     {"Call-ID", "i", Field::call_id},
                                     {"CSeq", "", Field::cseq},
                                     {"Contact", "m", Field::contact},
                                     {"Event", "o", Field::event},
                                     {"User-Agent", "", Field::user_agent}}};

bool is_name(std::string_view name, std::string_view full, std::string_view compact) noexcept {
    return base::iequals(name, full) || (!compact.empty() && base::iequals(name, compact));
}

/// A bare CR counts too: sofia would take it for the end of a line, so it must not get through.
bool holds_control(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && byte != '\t') || byte == 0x7f;
    });
}

/// The next line without its line end (CRLF, or the bare LF of some phones); nothing when no line
/// end is left.
std::optional<std::string_view> take_line(std::string_view& rest) noexcept {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (!line.empty() && line.back() == '\r') {
        line.remove_suffix(1);
    }
    return line;
}

bool continues(std::string_view rest) noexcept {
    return !rest.empty() && (rest.front() == ' ' || rest.front() == '\t');
}

} // namespace

std::size_t Frame::count(Field field) const noexcept {
    return static_cast<std::size_t>(std::count_if(
        lines.begin(), lines.end(), [&](const Line& line) { return line.field == field; }));
}

std::string_view Frame::first(Field field) const noexcept {
    const auto found = std::find_if(lines.begin(), lines.end(),
                                    [&](const Line& line) { return line.field == field; });
    return found == lines.end() ? std::string_view() : found->value;
}

base::Result<Frame> frame(std::string_view datagram) {
    if (datagram.size() > max_datagram) {
        return fail(Errc::malformed, "longer than {} bytes", max_datagram);
    }
    std::string_view rest = datagram;
    // RFC 3261 7.5: line ends before the start line are to be ignored.
    while (!rest.empty() && (rest.front() == '\r' || rest.front() == '\n')) {
        rest.remove_prefix(1);
    }
    Frame result;
    const auto start = take_line(rest);
    if (!start) {
        return fail(Errc::truncated, "no line end behind the start line");
    }
    if (holds_control(*start)) {
        return fail(Errc::malformed, "control character in the start line");
    }
    result.start_line = *start;
    result.lines.reserve(12);

    std::optional<std::uint64_t> content_length;
    std::size_t seen = 0;
    while (true) {
        const auto line = take_line(rest);
        // Some phones are said to leave the blank line out, but without it a datagram that was cut
        // inside a header cannot be told from a whole one: sofia calls both complete.
        if (!line) {
            return fail(Errc::truncated, "no blank line behind the headers");
        }
        if (line->empty()) {
            break;
        }
        if (++seen > max_lines) {
            return fail(Errc::malformed, "more than {} header lines", max_lines);
        }
        const std::size_t colon = line->find(':');
        const std::string_view name = base::trim(line->substr(0, colon));
        if (colon == std::string_view::npos || name.empty()) {
            return fail(Errc::malformed, "a header line without a name");
        }
        std::string_view value = line->substr(colon + 1);
        // RFC 3261 7.3.1: a line that begins with a blank continues the one before; the answer
        // carries it in one line, with one blank for each fold.
        if (continues(rest)) {
            std::string whole(base::trim(value));
            while (continues(rest)) {
                const auto more = take_line(rest);
                if (!more) {
                    return fail(Errc::truncated, "no blank line behind the headers");
                }
                whole += ' ';
                whole += base::trim(*more);
            }
            value = result.unfolded.emplace_back(std::move(whole));
        }
        value = base::trim(value);
        if (holds_control(name) || holds_control(value)) {
            return fail(Errc::malformed, "control character in a header");
        }
        if (is_name(name, "Content-Length", "l")) {
            const auto length = base::parse_number(value);
            if (!length || content_length) {
                return fail(Errc::malformed, "Content-Length is not one number");
            }
            content_length = length;
            continue;
        }
        const auto* known = std::find_if(names.begin(), names.end(), [&](const Name& each) {
            return is_name(name, each.full, each.compact);
        });
        if (known != names.end()) {
            result.lines.push_back({known->field, value});
        }
    }
    // RFC 3261 18.3: a body shorter than announced is an error, what follows it is not read.
    if (content_length.value_or(0) > rest.size()) {
        return fail(Errc::truncated, "Content-Length is {}, the body has {} bytes", *content_length,
                    rest.size());
    }
    return result;
}

} // namespace pnp
