"""Operations on customers, accounts, logins, workspaces and compliance documents."""

from examples.backoffice.api import Call, operation, read
from examples.backoffice.model import (
    Account,
    Customer,
    DocumentLink,
    DocumentList,
    GrantRole,
    IssueLink,
    Login,
    Member,
    NewAddress,
    PasswordReset,
    Workspace,
)
from examples.backoffice.world import No

_CUSTOMER = ("customers", "customer_id")
_LOGIN = ("logins", "customer_id")
_WORKSPACE = ("workspaces", "workspace_id")
operation("getCustomer", "GET /customers/{customer_id}", scope="customers:read", answer=Customer)(read(*_CUSTOMER))
operation("getAccount", "GET /accounts/{account_id}", scope="customers:read", answer=Account)(
    read("accounts", "account_id")
)
operation("getLogin", "GET /customers/{customer_id}/login", scope="identity:read", answer=Login)(read(*_LOGIN))
operation("getPasswordReset", "GET /password-resets/{reset_id}", scope="identity:read", answer=PasswordReset)(
    read("password_resets", "reset_id")
)
operation("getWorkspace", "GET /workspaces/{workspace_id}", scope="identity:read", answer=Workspace)(read(*_WORKSPACE))
operation("getDocumentLink", "GET /document-links/{link_id}", scope="documents:read", answer=DocumentLink)(
    read("document_links", "link_id")
)


@operation("findCustomerByEmail", "GET /customer-search/email", scope="customers:read", answer=Customer,
           query=("email",))  # fmt: skip
def find_by_email(call: Call) -> Customer:
    """The customer with exactly this e-mail address (case does not count)."""
    wanted = call.query["email"].strip().lower()
    for customer in call.world.customers.values():
        if customer.email == wanted:
            return customer
    raise No(404, "not_found", "no customer has this e-mail address")


@operation("findCustomerByName", "GET /customer-search/name", scope="customers:read", answer=Customer,
           query=("given_name", "family_name", "postcode"))  # fmt: skip
def find_by_name(call: Call) -> Customer:
    """The one customer with this name at this postcode."""
    wanted = tuple("".join(call.query[name].lower().split()) for name in ("given_name", "family_name", "postcode"))
    found = [
        customer
        for customer in call.world.customers.values()
        if wanted
        == tuple(
            "".join(text.lower().split())
            for text in (customer.given_name, customer.family_name, customer.address.postcode)
        )
    ]
    if len(found) != 1:
        raise No(404, "not_found", "not exactly one customer has this name and postcode")
    return found[0]


@operation("changeCustomerAddress", "PUT /customers/{customer_id}/address", scope="customers:write", answer=Customer,
           body=NewAddress, subject=_CUSTOMER,
           business=lambda call: f"customer address {call.path['customer_id']}")  # fmt: skip
def change_customer_address(call: Call) -> Customer:
    """Replace the customer's own address; orders already placed keep theirs."""
    customer: Customer = call.world.get("customers", call.path["customer_id"])
    customer.address = call.body.address
    customer.version += 1
    return customer


@operation("requestPasswordReset", "POST /customers/{customer_id}/login/password-reset", scope="identity:write",
           answer=PasswordReset, status=201,
           business=lambda call: f"password reset {call.path['customer_id']}")  # fmt: skip
def request_password_reset(call: Call) -> PasswordReset:
    """Send a reset link to the address on file. A disabled login gets none."""
    login: Login = call.world.get("logins", call.path["customer_id"])
    if login.state == "disabled":
        raise No(409, "login_disabled", f"the login of {login.customer_id} was disabled by its company")
    reset = PasswordReset(
        id=call.world.new_id("PR"),
        customer_id=login.customer_id,
        sent_to=call.world.customers[login.customer_id].email,
        created_at=call.world.now(),
    )
    call.world.password_resets[reset.id] = reset
    login.reset_requests.append(reset.id)
    login.version += 1
    return reset


@operation("unlockLogin", "POST /customers/{customer_id}/login/unlock", scope="identity:write", answer=Login,
           subject=_LOGIN, business=lambda call: f"unlock {call.path['customer_id']}")  # fmt: skip
def unlock_login(call: Call) -> Login:
    """Unlock a login that was locked by wrong passwords; one locked for fraud stays locked."""
    login: Login = call.world.get("logins", call.path["customer_id"])
    if login.state != "locked":
        raise No(409, "not_locked", f"the login of {login.customer_id} is {login.state}")
    if login.locked_reason != "wrong_passwords":
        raise No(409, "locked_by_security", "the security team has to look at this login")
    login.state, login.locked_reason = "active", None
    login.version += 1
    return login


@operation("grantRole", "PUT /workspaces/{workspace_id}/members/{customer_id}", scope="identity:write",
           answer=Workspace, body=GrantRole, subject=_WORKSPACE,
           business=lambda call: f"role {call.path['workspace_id']} {call.path['customer_id']} {call.body.role}",
           )  # fmt: skip
def grant_role(call: Call) -> Workspace:
    """Give a customer of the owner's company a role in a workspace, or change it."""
    workspace: Workspace = call.world.get("workspaces", call.path["workspace_id"])
    customer: Customer = call.world.get("customers", call.path["customer_id"])
    owner = call.world.customers[workspace.owner_id]
    if customer.id != owner.id and (owner.account_id is None or customer.account_id != owner.account_id):
        raise No(409, "other_company", f"{customer.id} is not of the company that owns {workspace.id}")
    if customer.id == owner.id and call.body.role != "admin":
        raise No(409, "owner_stays_admin", "the owner of a workspace stays its admin")
    for member in workspace.members:
        if member.customer_id == customer.id:
            member.role = call.body.role
            break
    else:
        paid = next(s for s in call.world.subscriptions.values() if s.workspace_id == workspace.id)
        if len(workspace.members) >= paid.seats:
            raise No(409, "no_free_seat", f"all {paid.seats} seats of {workspace.id} are taken")
        workspace.members.append(Member(customer_id=customer.id, email=customer.email, role=call.body.role))
        customer.workspace_ids.append(workspace.id)
    workspace.version += 1
    return workspace


@operation("revokeRole", "DELETE /workspaces/{workspace_id}/members/{customer_id}", scope="identity:write",
           answer=Workspace, subject=_WORKSPACE,
           business=lambda call: f"revoke {call.path['workspace_id']} {call.path['customer_id']}")  # fmt: skip
def revoke_role(call: Call) -> Workspace:
    """Remove a member from a workspace; its owner cannot be removed."""
    workspace: Workspace = call.world.get("workspaces", call.path["workspace_id"])
    leaving = call.path["customer_id"]
    if leaving == workspace.owner_id:
        raise No(409, "owner_stays", "the owner of a workspace cannot be removed")
    kept = [member for member in workspace.members if member.customer_id != leaving]
    if len(kept) == len(workspace.members):
        raise No(404, "not_found", f"{leaving} is no member of {workspace.id}")
    workspace.members = kept
    call.world.customers[leaving].workspace_ids.remove(workspace.id)
    workspace.version += 1
    return workspace


@operation("listDocuments", "GET /documents", scope="documents:read", answer=DocumentList)
def list_documents(call: Call) -> DocumentList:
    """Compliance documents that can be sent out."""
    return DocumentList(items=list(call.world.documents.values()))


@operation("issueDocumentLink", "POST /documents/{document_id}/links", scope="documents:write", answer=DocumentLink,
           body=IssueLink, status=201,
           business=lambda call: f"document {call.path['document_id']} {call.body.customer_id}")  # fmt: skip
def issue_document_link(call: Call) -> DocumentLink:
    """A personal link valid for seven days. Documents under agreement need a company account."""
    document = call.world.get("documents", call.path["document_id"])
    customer: Customer = call.world.get("customers", call.body.customer_id)
    if document.access == "under_agreement" and customer.account_id is None:
        raise No(409, "agreement_needed", f"{document.title} needs a signed agreement with a company")
    link_id = call.world.new_id("DL")
    link = DocumentLink(
        id=link_id,
        document_id=document.id,
        customer_id=customer.id,
        url=f"https://documents.larkfield.example/{link_id}",
        expires_on=call.world.day(7),
    )
    call.world.document_links[link.id] = link
    return link
