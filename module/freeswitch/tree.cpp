// SPDX-License-Identifier: MIT
#include "module/freeswitch/tree.hpp"

#include "provisioning/base/text.hpp"

namespace freeswitch {

Xml* Document::section(std::string_view name) const {
    return child_with(root_, "section", "name", name);
}

std::vector<Xml*> children(Xml* parent, const char* name) {
    std::vector<Xml*> out;
    for (Xml* child = parent == nullptr ? nullptr : xml_child(parent, name); child != nullptr;
         child = child->next) {
        out.push_back(child);
    }
    return out;
}

Xml* child_with(Xml* parent, const char* name, const char* attribute, std::string_view value) {
    for (Xml* child : children(parent, name)) {
        if (base::iequals(value, xml_attribute(child, attribute))) {
            return child;
        }
    }
    return nullptr;
}

std::optional<std::string>
value_in(Xml* parent, const char* list, const char* item, std::string_view name) {
    std::optional<std::string> out;
    Xml* first = parent == nullptr ? nullptr : xml_child(parent, list);
    for (Xml* each : children(first, item)) {
        if (base::iequals(name, xml_attribute(each, "name"))) {
            out = xml_attribute(each, "value");
        }
    }
    return out;
}

} // namespace freeswitch
