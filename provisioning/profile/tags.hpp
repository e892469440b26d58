// SPDX-License-Identifier: MIT
// Finds the tags of one Mustache template, with line and column, and drops the lines they leave.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace profile {

/// Where something stands in a file; columns count characters, as editors do.
struct Place {
    int line = 1;
    int column = 1;

    void pass(std::string_view text) noexcept;
};

struct Tag {
    enum class Kind { value, open, inverted, close, partial, comment, end };
    Kind kind = Kind::end;
    std::string name;
    Place place;
    std::string_view before; ///< the text since the last tag
    Place before_place;
    std::string_view line_end; ///< the line break that went with a tag on a line of its own
};

struct TagError {
    Place place;
    std::string what;
};

/// Reads a template from tag to tag. A tag that has its line to itself takes the whole line with
/// it, as Mustache says for all tags but values.
class Tags {
  public:
    explicit Tags(std::string_view text) : text_(text) {}

    /// The next tag, or `end` with the rest of the text.
    tl::expected<Tag, TagError> next();

  private:
    bool stands_alone(std::size_t begin, std::size_t end) const;
    void move_to(std::size_t at);

    std::string_view text_;
    std::size_t at_ = 0;
    Place place_;
};

} // namespace profile
