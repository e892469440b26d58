// SPDX-License-Identifier: MIT
// Reads templates before anything renders them, and refuses what would render wrongly in silence.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/profile/model.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace profile {

/// A template as it stands in its file.
struct Source {
    std::string file; ///< as errors name it
    std::string text;
};

/// What {{>name}} stands for.
struct Partials {
    std::function<const Source*(std::string_view name)> find; ///< nullptr when there is none
    std::vector<std::string> names;                           ///< for suggestions
};

/// A piece of an accepted template, with partials put in and comments taken out.
struct Piece {
    enum class Kind { text, value, open, inverted, close };
    Kind kind = Kind::text;
    std::string text; ///< text as it is, or the name in the tag
    const Source* source = nullptr;
    int line = 1;
    int column = 1;
};

constexpr std::size_t largest_template =
    std::size_t{256} * 1024; ///< bytes, with all partials as often as used
constexpr std::size_t deepest_partial = 16;
constexpr std::size_t deepest_section = 32;

/// Mustache without its traps. Accepted: {{name}}, {{#name}} and {{^name}} with {{/name}},
/// {{>partial}} and {{! comments}}, where every name is one of `example`, in every branch; inside
/// a list only the list's own names are known. Refused: tags that go round the escaping, changed
/// delimiters, unknown names and partials, sections left open, partials that include themselves,
/// and what is too deep or too large. Errors read "FILE:LINE:COLUMN: …".
base::Result<std::vector<Piece>>
accept(const Source& start, const Partials& partials, const Model& example);

/// The pieces as one template in plain Mustache.
std::string flat(const std::vector<Piece>& pieces);

} // namespace profile
