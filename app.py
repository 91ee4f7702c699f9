"""The HTTP API: registers each context's routes and the authorizer, and nothing else."""

from chalice.app import AuthRequest, AuthResponse, Chalice

from chalicelib import api, http
from chalicelib.errors import Unauthenticated

app = Chalice(app_name="new-citizen-service-link")


@app.authorizer(name="authorize", ttl_seconds=0)
def authorize(request: AuthRequest) -> AuthResponse:
    """Who calls, from the session token; the gateway passes the actor on and answers 401 itself."""
    try:
        actor = api.actor_for(request.token)
    except Unauthenticated:
        raise Exception("Unauthorized") from None  # The word that API Gateway turns into 401.
    return AuthResponse(routes=["*"], principal_id=actor.id, context={"actor": http.pack(actor)})


http.mount(app, api.routes(), authorize)
