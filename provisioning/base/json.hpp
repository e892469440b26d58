// SPDX-License-Identifier: MIT
// A JSON value; Boost.JSON does the work in json.cpp and is seen nowhere else.
#pragma once

#include "provisioning/base/result.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

class Json {
  public:
    Json(); ///< null
    Json(const Json&);
    Json(Json&&) noexcept;
    Json& operator=(const Json&);
    Json& operator=(Json&&) noexcept;
    ~Json();

    // One value each; implicit, so that a member list reads like JSON.
    Json(std::string_view text);   // NOLINT(google-explicit-constructor)
    Json(const std::string& text); // NOLINT(google-explicit-constructor)
    Json(const char* text);        // NOLINT(google-explicit-constructor)
    Json(bool value);              // NOLINT(google-explicit-constructor)
    Json(std::int64_t value);      // NOLINT(google-explicit-constructor)
    Json(int value);               // NOLINT(google-explicit-constructor)
    Json(std::uint64_t value);     // NOLINT(google-explicit-constructor)

    static Json object(std::initializer_list<std::pair<std::string_view, Json>> members = {});
    static Json array(std::vector<Json> items = {});

    /// At most 1 MiB and 32 levels.
    static Result<Json> parse(std::string_view text);

    Json& set(std::string_view name, Json value); ///< on an object; keeps the order of insertion
    Json& push(Json value);                       ///< on an array

    bool is_null() const noexcept;
    Json get(std::string_view name) const; ///< null when absent or not an object
    std::vector<Json> items() const;       ///< empty when not an array
    std::vector<std::string> names() const;
    std::string text(std::string_view otherwise = "") const;
    std::int64_t number(std::int64_t otherwise = 0) const;
    bool flag(bool otherwise = false) const;

    std::string dump() const; ///< one line

  private:
    struct Value;
    std::unique_ptr<Value> value_;
};

} // namespace base
