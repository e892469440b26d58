// SPDX-License-Identifier: MIT
// The settings a KX-UT670 knows, from conf/vendors/panasonic/parameters.tsv.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace profile::kx {

enum class Type : std::uint8_t { string, integer, boolean, csv_integer };
enum class Empty : std::uint8_t { allowed, forbidden, unstated };

struct Range {
    std::int64_t min = 0;
    std::int64_t max = 0;
};

/// One row. Numbers are 0 and views empty where the guide says nothing.
struct Parameter {
    std::string_view name;  ///< as in the guide: "SIP_URI_n", "FLEX_BUTTON_LABELx"
    std::string_view index; ///< "", "n=1-6", "x=1-24", "x=0,1,3,4;n=1-6"
    Type type = Type::string;
    std::optional<Range> range;            ///< of an integer, or of each member of a list
    std::size_t max_length = 0;            ///< characters
    std::vector<std::string_view> members; ///< a value is one of them or inside the range
    std::optional<std::string_view> value; ///< factory default, where it is known
    bool value_per_index = false;          ///< then `value` holds one per index, split by |
    std::string_view xml_element;          ///< path from the root; empty: no XML form
    std::string_view xml_attribute;        ///< "SIP_URI_[n]"
    std::string section;                   ///< "§5.8.2"
    Empty empty = Empty::unstated;
    std::string_view charset;
    std::size_t min_length = 0;
    std::size_t max_bytes = 0;
    Range items;                  ///< how many members a list has
    std::int64_t step = 0;        ///< the value is a multiple of it
    std::int64_t least_first = 0; ///< recommended for the first member of a list
    bool takes_macros = false;
    std::string_view slash; ///< what the phone appends to a URL that ends in /
    std::vector<std::string_view> schemes;
    std::vector<std::string_view> prefixes; ///< one of them may stand before a URL
    bool is_listed_only = false; ///< the range alone makes no value right, and the list has gaps
    bool is_secret = false;
    bool yields_to_phone = false; ///< a value set on the phone wins over the file
    std::string_view when_name;   ///< has an effect only if this setting, "SIP_TRANSPORT_n",
    std::string_view when_value;  ///< has this value; empty: always has one
};

/// A name as it stands in files: SIP_URI_1.
struct Known {
    const Parameter* row = nullptr;
    std::size_t order = 0; ///< of list 5.1, then of the index
    unsigned x = 0;        ///< button or codec
    unsigned n = 0;        ///< line; 0: not of a line

    /// The factory default; nothing where it is unknown or differs from phone to phone.
    std::optional<std::string_view> factory_value() const;
};

class Table {
  public:
    /// The shipped one, read at the first call.
    static const Table& shipped();
    ~Table() = default;
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    const Known* find(std::string_view name) const;

    const std::vector<Parameter>& rows() const noexcept { return rows_; }

    const std::vector<std::string>& names() const noexcept { return names_; } ///< in order

  private:
    Table();
    void add(const std::vector<std::string_view>& cells);
    void add_names();

    std::vector<Parameter> rows_;
    std::vector<std::string> names_;
    std::unordered_map<std::string_view, Known> known_; ///< keys lie in names_
};

/// All names that a row stands for, with the index each was made from, in order.
struct Indexed {
    std::string name;
    unsigned x = 0;
    unsigned n = 0;
};

std::vector<Indexed> expand(std::string_view name, std::string_view index);

/// Whether the value of this name must not be shown. That of an unknown name is not: a slip of the
/// hand in SIP_PASS_1 makes no password public.
bool is_secret(std::string_view name);

} // namespace profile::kx
