// SPDX-License-Identifier: MIT
// The JSON value on Boost.JSON, which is compiled in this file and known to no other.
#include "provisioning/base/json.hpp"

#include "provisioning/base/utf8.hpp"

#include <algorithm>
#include <boost/json/src.hpp>
#include <cmath>
#include <limits>

namespace base {

struct Json::Value {
    boost::json::value value;
};

namespace {

/// JSON is UTF-8 by definition (RFC 8259 8.1), a stranger's User-Agent is not.
boost::json::string utf8_only(std::string_view text) {
    boost::json::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_at(text, at).length;
        if (length == 0) {
            out.append("\xEF\xBF\xBD");
            ++at;
        } else {
            out.append(boost::json::string_view(text.data() + at, length));
            at += length;
        }
    }
    return out;
}

boost::json::string_view view(std::string_view text) {
    return {text.data(), text.size()};
}

/// The parser makes 1e400 infinite, and what is infinite cannot be written as JSON again.
bool is_finite(const boost::json::value& value) {
    switch (value.kind()) {
    case boost::json::kind::double_:
        return std::isfinite(value.get_double());
    case boost::json::kind::array:
        return std::ranges::all_of(value.get_array(), is_finite);
    case boost::json::kind::object:
        return std::ranges::all_of(value.get_object(),
                                   [](const auto& member) { return is_finite(member.value()); });
    default:
        return true;
    }
}

} // namespace

// No Value at all is null: a moved-from Json is one, and the default costs nothing.
Json::Json() = default;

Json::Json(const Json& other)
    : value_(other.value_ ? std::make_unique<Value>(*other.value_) : nullptr) {}

Json::Json(Json&&) noexcept = default;

Json& Json::operator=(const Json& other) {
    if (this != &other) {
        Json copy(other);
        value_ = std::move(copy.value_);
    }
    return *this;
}

Json& Json::operator=(Json&&) noexcept = default;
Json::~Json() = default;

Json::Json(std::string_view text) : value_(std::make_unique<Value>(Value{utf8_only(text)})) {}

Json::Json(const std::string& text) : Json(std::string_view(text)) {}

Json::Json(const char* text) : Json(std::string_view(text != nullptr ? text : "")) {}

Json::Json(bool value) : value_(std::make_unique<Value>(Value{value})) {}

Json::Json(std::int64_t value) : value_(std::make_unique<Value>(Value{value})) {}

Json::Json(int value) : Json(std::int64_t{value}) {}

Json::Json(std::uint64_t value) : value_(std::make_unique<Value>(Value{value})) {}

Json Json::object(std::initializer_list<std::pair<std::string_view, Json>> members) {
    Json out;
    out.value_ = std::make_unique<Value>(Value{boost::json::object()});
    for (const auto& [name, value] : members) {
        out.set(name, value);
    }
    return out;
}

Json Json::array(std::vector<Json> items) {
    Json out;
    out.value_ = std::make_unique<Value>(Value{boost::json::array()});
    for (Json& item : items) {
        out.push(std::move(item));
    }
    return out;
}

Result<Json> Json::parse(std::string_view text) {
    constexpr std::size_t most = 1U << 20U;
    if (text.size() > most) {
        return fail(Errc::refused, "JSON of {} bytes, more than the {} allowed", text.size(), most);
    }
    boost::json::parse_options options;
    options.max_depth = 32;
    boost::json::parser parser({}, options);
    boost::system::error_code error;
    const std::size_t read = parser.write(text.data(), text.size(), error);
    if (error) {
        return fail(error == boost::json::error::too_deep ? Errc::refused : Errc::malformed,
                    "JSON byte {}: {}", read + 1, error.message());
    }
    Json out;
    out.value_ = std::make_unique<Value>(Value{parser.release()});
    if (!is_finite(out.value_->value)) {
        return fail(Errc::malformed, "JSON with a number greater than {}",
                    std::numeric_limits<double>::max());
    }
    return out;
}

Json& Json::set(std::string_view name, Json value) {
    if (!value_ || !value_->value.is_object()) {
        value_ = std::make_unique<Value>(Value{boost::json::object()});
    }
    boost::json::value& slot = value_->value.get_object()[utf8_only(name)];
    if (value.value_) {
        slot = std::move(value.value_->value);
    } else {
        slot = nullptr;
    }
    return *this;
}

Json& Json::push(Json value) {
    if (!value_ || !value_->value.is_array()) {
        value_ = std::make_unique<Value>(Value{boost::json::array()});
    }
    if (value.value_) {
        value_->value.get_array().push_back(std::move(value.value_->value));
    } else {
        value_->value.get_array().push_back(nullptr);
    }
    return *this;
}

bool Json::is_null() const noexcept {
    return !value_ || value_->value.is_null();
}

Json Json::get(std::string_view name) const {
    Json out;
    if (value_ && value_->value.is_object()) {
        if (const auto* found = value_->value.get_object().if_contains(view(name))) {
            out.value_ = std::make_unique<Value>(Value{*found});
        }
    }
    return out;
}

std::vector<Json> Json::items() const {
    std::vector<Json> out;
    if (value_ && value_->value.is_array()) {
        for (const auto& item : value_->value.get_array()) {
            out.emplace_back().value_ = std::make_unique<Value>(Value{item});
        }
    }
    return out;
}

std::vector<std::string> Json::names() const {
    std::vector<std::string> out;
    if (value_ && value_->value.is_object()) {
        for (const auto& member : value_->value.get_object()) {
            out.emplace_back(member.key().data(), member.key().size());
        }
    }
    return out;
}

std::string Json::text(std::string_view otherwise) const {
    if (value_ && value_->value.is_string()) {
        const auto& found = value_->value.get_string();
        return {found.data(), found.size()};
    }
    return std::string(otherwise);
}

std::int64_t Json::number(std::int64_t otherwise) const {
    if (!value_) {
        return otherwise;
    }
    boost::system::error_code error;
    // 3.0 and 1e3 are whole numbers too; 3.5 and what does not fit are none.
    const auto found = value_->value.to_number<std::int64_t>(error);
    return error ? otherwise : found;
}

bool Json::flag(bool otherwise) const {
    return value_ && value_->value.is_bool() ? value_->value.get_bool() : otherwise;
}

std::string Json::dump() const {
    return value_ ? boost::json::serialize(value_->value) : "null";
}

} // namespace base
