// SPDX-License-Identifier: MIT
// One checker per file format.
#include "provisioning/profile/check.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"
#include "provisioning/base/xml.hpp"
#include "provisioning/profile/kx/compose.hpp"
#include "provisioning/profile/tags.hpp"
#include "provisioning/profile/wpi/items.hpp"

namespace profile {
namespace {

using base::Errc;
using base::fail;
using base::Status;

Status check_xml(const ChainStep& step, std::string_view file) {
    const auto parsed = base::parse_xml(file, {largest_file});
    if (!parsed) {
        return tl::unexpected(parsed.error());
    }
    const auto expects = [](const base::XmlNode& node, std::string_view wanted) {
        return fail(Errc::malformed, "line {} column 1: found <{}> where these phones expect <{}>",
                    node.line, base::printable(node.name, 40), wanted);
    };
    if (!step.root.empty() && parsed->name != step.root) {
        return expects(*parsed, step.root);
    }
    if (step.child.empty()) {
        return {};
    }
    for (const base::XmlNode& node : parsed->children) {
        if (node.name != step.child) {
            return expects(node, step.child);
        }
    }
    if (parsed->children.empty()) {
        return fail(Errc::malformed, "line {} column 1: <{}> holds no <{}>", parsed->line,
                    base::printable(parsed->name, 40), step.child);
    }
    return {};
}

Status check_text(std::string_view file) {
    if (file.size() > largest_file) {
        return fail(Errc::refused, "line 1 column 1: the file is larger than {} bytes",
                    largest_file);
    }
    Place place;
    for (std::size_t at = 0; at < file.size();) {
        const base::Utf8 found = base::utf8_at(file, at);
        const bool control =
            found.code < 0x20 && found.code != '\t' && found.code != '\r' && found.code != '\n';
        if (found.length == 0 || control) {
            return fail(Errc::malformed, "line {} column {}: not a character of a text file",
                        place.line, place.column);
        }
        place.pass(file.substr(at, found.length));
        at += found.length;
    }
    return {};
}

Status check_items(std::string_view list) {
    const auto items = wpi::parse_item_list(list);
    return items ? Status() : Status(tl::unexpected(items.error()));
}

Status check_form(Format format, const ChainStep& step, std::string_view file) {
    if (format == Format::items) {
        return check_items(file);
    }
    return format == Format::xml ? check_xml(step, file) : check_text(file);
}

} // namespace

base::Result<std::string> finish_file(const ChainStep& step, std::string made) {
    if (step.format == Format::kx) {
        return kx::compose(made);
    }
    const auto good = check_form(step.format, step, made);
    if (!good) {
        return tl::unexpected(good.error());
    }
    return made;
}

} // namespace profile
