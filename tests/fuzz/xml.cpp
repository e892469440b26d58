// SPDX-License-Identifier: MIT
// Feeds bytes to the XML reader and to the escape: what was read can be written and read again.
// rooms: base
#include "provisioning/base/xml.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void write(const base::XmlNode& node, std::string& out, int depth) {
    require(depth <= 64 && !node.name.empty());
    out += "<" + node.name;
    for (const auto& [name, value] : node.attributes) {
        out += " " + name + "=\"" + base::escape_xml(value) + "\"";
    }
    out += ">" + base::escape_xml(node.text);
    for (const auto& child : node.children) {
        write(child, out, depth + 1);
    }
    out += "</" + node.name + ">";
}

void same(const base::XmlNode& a, const base::XmlNode& b) {
    require(a.name == b.name && a.text == b.text && a.attributes == b.attributes);
    require(a.children.size() == b.children.size());
    for (std::size_t i = 0; i < a.children.size(); ++i) {
        same(a.children[i], b.children[i]);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);

    // Whatever the bytes are, escaped they are well-formed, in an attribute and between tags.
    const std::string escaped = base::escape_xml(text);
    const auto wrapped = base::parse_xml("<a b='" + escaped + "'>" + escaped + "</a>", {1U << 24U});
    require(wrapped.has_value() && wrapped->text == wrapped->attribute("b"));

    const auto node = base::parse_xml(text);
    if (!node) {
        require(node.error().what.rfind("line ", 0) == 0);
        return 0;
    }
    std::string written;
    write(*node, written, 1);
    const auto again = base::parse_xml(written, {1U << 24U});
    require(again.has_value());
    same(*node, *again);
    return 0;
}
