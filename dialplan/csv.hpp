// SPDX-License-Identifier: MIT
// The rows of an import file as text, before anybody asks what they mean.
#pragma once

#include "dialplan/import.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dialplan {

struct CsvRow {
    int line = 0;
    std::string mac;
    std::string extensions;
    std::string name;
};

struct CsvFile {
    std::vector<CsvRow> rows; ///< without the empty ones
    std::vector<Problem> problems;
    bool has_name = false; ///< there is a column `name`
};

/// Reads UTF-8 with or without a byte-order mark, any line ends, and `,`, `;` or a tab between the
/// columns, whichever the header line has. A row that cannot be read is a problem and the next one
/// is read; without a usable header no row is.
CsvFile read_csv(std::string_view text);

/// A field as it stands in a CSV file: in quotes where it has to be (RFC 4180).
std::string csv_field(std::string_view text);

} // namespace dialplan
