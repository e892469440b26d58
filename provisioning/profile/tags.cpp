// SPDX-License-Identifier: MIT
// Scans for {{ and }}; what a tag means is the guard's business.
#include "provisioning/profile/tags.hpp"

namespace profile {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view trim_all(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

Tag::Kind kind_of(char c) {
    switch (c) {
    case '#':
        return Tag::Kind::open;
    case '^':
        return Tag::Kind::inverted;
    case '/':
        return Tag::Kind::close;
    case '>':
        return Tag::Kind::partial;
    case '!':
        return Tag::Kind::comment;
    default:
        return Tag::Kind::value;
    }
}

} // namespace

void Place::pass(std::string_view text) noexcept {
    for (const char c : text) {
        if (c == '\n') {
            ++line;
            column = 1;
        } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) { // not a byte inside a letter
            ++column;
        }
    }
}

void Tags::move_to(std::size_t at) {
    place_.pass(text_.substr(at_, at - at_));
    at_ = at;
}

bool Tags::stands_alone(std::size_t begin, std::size_t end) const {
    const auto before = text_.substr(0, begin).find_last_not_of(blanks);
    const auto after = text_.find_first_not_of(blanks, end);
    const bool starts = before == std::string_view::npos || text_[before] == '\n';
    const bool ends =
        after == std::string_view::npos || text_[after] == '\n' || text_.substr(after, 2) == "\r\n";
    return starts && ends;
}

tl::expected<Tag, TagError> Tags::next() {
    Tag tag;
    tag.before_place = place_;
    const auto begin = text_.find("{{", at_);
    if (begin == std::string_view::npos) {
        tag.before = text_.substr(at_);
        move_to(text_.size());
        return tag;
    }
    tag.before = text_.substr(at_, begin - at_);
    move_to(begin);
    tag.place = place_;
    const auto close = text_.find("}}", begin + 2);
    if (close == std::string_view::npos) {
        return tl::unexpected(TagError{place_, "this tag is never closed; }} is missing"});
    }
    std::string_view inside = text_.substr(begin + 2, close - begin - 2);
    if (!inside.empty() && inside[0] == '{') {
        return tl::unexpected(TagError{
            place_, "three braces would go round the escaping; write {{name}}, and a blank behind "
                    "a brace of the file itself"});
    }
    inside = trim_all(inside);
    const char first = inside.empty() ? '\0' : inside[0];
    if (first == '&') {
        return tl::unexpected(
            TagError{place_, "{{&...}} would go round the escaping; write {{name}}"});
    }
    if (first == '=') {
        return tl::unexpected(TagError{place_, "the delimiters stay {{ and }}"});
    }
    tag.kind = kind_of(first);
    if (tag.kind != Tag::Kind::value) {
        inside = trim_all(inside.substr(1));
    }
    if (inside.empty() && tag.kind != Tag::Kind::comment) {
        return tl::unexpected(TagError{place_, "a tag without a name"});
    }
    std::size_t end = close + 2;
    if (tag.kind != Tag::Kind::value && stands_alone(begin, end)) {
        // The blanks before the tag are part of `before` or, behind another tag, were its.
        const auto last = tag.before.find_last_not_of(blanks);
        tag.before = tag.before.substr(0, last == std::string_view::npos ? 0 : last + 1);
        const auto newline = text_.find_first_of("\r\n", end);
        end = newline == std::string_view::npos ? text_.size() : text_.find('\n', newline) + 1;
        tag.line_end = newline == std::string_view::npos ? std::string_view()
                                                         : text_.substr(newline, end - newline);
    }
    if (tag.kind != Tag::Kind::comment) {
        tag.name = inside;
    }
    move_to(end);
    return tag;
}

} // namespace profile
