// SPDX-License-Identifier: MIT
// Looks through FreeSWITCH's own documents.
#pragma once

#include "module/freeswitch/abi.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freeswitch {

/// The document that has one configuration, mostly the whole freeswitch.xml. Keeps it from being
/// freed by a reloadxml as long as this lives, so it should not live long. Opening may wait for a
/// web server that answers for FreeSWITCH's configuration; what that answers has this configuration
/// alone, and no directory.
class Document {
  public:
    explicit Document(const char* configuration) {
        root_ = xml_open_cfg(configuration, &found_, {});
    }

    ~Document() {
        if (root_ != nullptr) {
            xml_free(root_);
        }
    }

    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;

    Xml* configuration() const noexcept { return found_; } ///< nullptr: there is none

    /// A section of the document, such as "directory"; nullptr where it has none.
    Xml* section(std::string_view name) const;

  private:
    Xml* root_ = nullptr;
    Xml* found_ = nullptr;
};

/// The children of that name, in their order. None for nullptr.
std::vector<Xml*> children(Xml* parent, const char* name);
/// The one whose attribute has this value, large and small letters alike, as FreeSWITCH finds them;
/// nullptr where there is none.
Xml* child_with(Xml* parent, const char* name, const char* attribute, std::string_view value);
/// The value of <param name="NAME" value="…"/> in the first <params> or <settings> below `parent`.
/// FreeSWITCH takes one after the other, so the last one counts; nothing where there is none.
std::optional<std::string>
value_in(Xml* parent, const char* list, const char* item, std::string_view name);

} // namespace freeswitch
