// SPDX-License-Identifier: MIT
// Reads parameters in place, without copying a byte.
#include "pnp/params.hpp"

#include "provisioning/base/text.hpp"

#include <algorithm>

namespace pnp {
namespace {

/// One behind the closing double quote of the string that opens at `open`; the end if it never
/// closes. RFC 3261 25.1: a backslash quotes the next character.
std::size_t behind_quoted(std::string_view text, std::size_t open) noexcept {
    for (std::size_t at = open + 1; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '"') {
            return at + 1;
        }
    }
    return text.size();
}

} // namespace

Params::Params(std::string_view text) noexcept
    : text_(text), at_(std::min(text.find(';'), text.size())) {}

std::optional<Param> Params::next() noexcept {
    const auto skip_blanks = [this] {
        at_ = std::min(text_.find_first_not_of(" \t", at_), text_.size());
    };
    if (at_ >= text_.size()) {
        return std::nullopt;
    }
    Param param;
    param.begin = at_;
    ++at_; // the semicolon
    skip_blanks();
    const std::size_t name_end = std::min(text_.find_first_of("=; \t", at_), text_.size());
    param.name = text_.substr(at_, name_end - at_);
    at_ = name_end;
    param.end = at_;
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '=') {
        ++at_;
        skip_blanks();
        const char quote = at_ < text_.size() ? text_[at_] : '\0';
        if (quote == '"') {
            const std::size_t end = behind_quoted(text_, at_);
            const bool closed = end > at_ + 1 && text_[end - 1] == '"';
            param.value = text_.substr(at_ + 1, end - at_ - (closed ? 2 : 1));
            at_ = end;
        } else if (quote == '\'' && text_.find('\'', at_ + 1) != std::string_view::npos) {
            const std::size_t close = text_.find('\'', at_ + 1);
            param.value = text_.substr(at_ + 1, close - at_ - 1);
            at_ = close + 1;
        } else {
            const std::size_t end = std::min(text_.find(';', at_), text_.size());
            param.value = base::trim(text_.substr(at_, end - at_));
            at_ += param.value.size();
        }
        param.end = at_;
    }
    at_ = std::min(text_.find(';', at_), text_.size());
    return param;
}

std::optional<std::string_view> Params::find(std::string_view text,
                                             std::string_view name) noexcept {
    Params params(text);
    while (const auto param = params.next()) {
        if (base::iequals(param->name, name)) {
            return param->value;
        }
    }
    return std::nullopt;
}

std::size_t first_element_end(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '"') {
            at = behind_quoted(text, at) - 1;
        } else if (text[at] == ',') {
            return at;
        }
    }
    return text.size();
}

} // namespace pnp
