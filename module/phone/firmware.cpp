// SPDX-License-Identifier: MIT
// Versions and the answers to range requests, taken one by one.
#include "module/phone/firmware.hpp"

#include "provisioning/base/text.hpp"

#include <utility>

namespace phone {

namespace {

using base::Errc;

using Version = std::pair<std::uint64_t, std::uint64_t>;

std::optional<Version> read_version(std::string_view text) noexcept {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) {
        return std::nullopt;
    }
    const auto before = base::parse_number(text.substr(0, dot));
    const auto behind = base::parse_number(text.substr(dot + 1));
    return before && behind ? std::optional(Version{*before, *behind}) : std::nullopt;
}

struct ContentRange {
    std::size_t first = 0;
    std::size_t last = 0;
    std::size_t total = 0;
};

/// RFC 9110 14.4: "bytes 0-1023/4096".
std::optional<ContentRange> read_content_range(std::string_view text) noexcept {
    constexpr std::string_view unit = "bytes ";
    const auto dash = text.find('-');
    const auto slash = text.find('/');
    if (!base::istarts_with(text, unit) || dash == std::string_view::npos ||
        slash == std::string_view::npos || slash < dash) {
        return std::nullopt;
    }
    const auto first = base::parse_number(text.substr(unit.size(), dash - unit.size()));
    const auto last = base::parse_number(text.substr(dash + 1, slash - dash - 1));
    const auto total = base::parse_number(text.substr(slash + 1));
    if (!first || !last || !total || *first > *last || *last >= *total) {
        return std::nullopt;
    }
    return ContentRange{*first, *last, *total};
}

} // namespace

bool is_newer(std::string_view offered, std::string_view running) noexcept {
    const auto ours = read_version(running);
    const auto theirs = read_version(offered);
    return ours && theirs && *theirs > *ours;
}

std::string Download::range() const {
    return fmt::format("{}-{}", bytes_.size(), bytes_.size() + piece - 1);
}

base::Result<bool> Download::take(const FileAnswer& answer) {
    if (answer.status == 200 && bytes_.empty()) { // a server without ranges sends all of it
        bytes_ = answer.body;
        return true;
    }
    if (answer.status != 206) {
        return base::fail(Errc::refused, "{} to the bytes {}",
                          answer.status == 0 ? answer.error : std::to_string(answer.status),
                          range());
    }
    const auto part = read_content_range(answer.content_range);
    if (!part) {
        return base::fail(Errc::malformed, "206 without a Content-Range that can be read");
    }
    if (part->first != bytes_.size() || part->last - part->first + 1 != answer.body.size() ||
        answer.body.size() > piece) {
        return base::fail(Errc::malformed, "asked for the bytes {}, it sent {} bytes from {} on",
                          range(), answer.body.size(), part->first);
    }
    if (total_.value_or(part->total) != part->total || part->total > most ||
        (!bytes_.empty() && etag_ != answer.etag)) {
        return base::fail(Errc::malformed, "it is another file than at the beginning, or too big");
    }
    total_ = part->total;
    etag_ = answer.etag;
    bytes_ += answer.body;
    return bytes_.size() == part->total;
}

} // namespace phone
